using System.Diagnostics.Metrics;
using Qmtl.Fetching.Pacing;

namespace Qmtl.Telemetry;

/// <summary>How long requests waited to keep within the limits of each host.</summary>
internal sealed class RateLimitInstruments
{
    private readonly Func<IEnumerable<HostPacer>> _pacers;

    /// <summary>Creates the instruments.</summary>
    /// <param name="meter">Where they are published.</param>
    /// <param name="pacers">The pacers of all hosts.</param>
    public RateLimitInstruments(Meter meter, Func<IEnumerable<HostPacer>> pacers)
    {
        _pacers = pacers;
        meter.CreateObservableCounter(
            "backfill.rate_limit.wait",
            () => Sum(pacer => pacer.TotalWait.TotalSeconds),
            "s",
            "How long requests waited to keep within the host's limits, all together.");
        meter.CreateObservableCounter(
            "backfill.rate_limit.waits",
            () => Sum(pacer => pacer.Waits),
            "{wait}",
            "How often a request waited to keep within the host's limits.");
    }

    // One host has a pacer for each clock in use; outside of tests there is one clock.
    private IEnumerable<Measurement<T>> Sum<T>(Func<HostPacer, T> value)
        where T : struct, System.Numerics.INumber<T> =>
        _pacers()
            .GroupBy(pacer => pacer.Host, value, StringComparer.Ordinal)
            .Select(
                host =>
                    new Measurement<T>(
                        host.Aggregate(T.Zero, (sum, next) => sum + next), new KeyValuePair<string, object?>(MetricLabels.Host, host.Key)));
}
