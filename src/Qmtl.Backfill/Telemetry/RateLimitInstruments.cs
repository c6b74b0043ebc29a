using System.Diagnostics.Metrics;
using Qmtl.Fetching.Pacing;

namespace Qmtl.Telemetry;

/// <summary>How long requests waited to keep within the limits of each host.</summary>
internal sealed class RateLimitInstruments
{
    public RateLimitInstruments(Meter meter)
    {
        meter.CreateObservableCounter("backfill.rate_limit.wait", () => Sum(pacer => pacer.TotalWait.TotalSeconds), "s", "How long requests waited to keep within the host's limits, all together.");
        meter.CreateObservableCounter("backfill.rate_limit.waits", () => Sum(pacer => pacer.Waits), "{wait}", "How often a request waited to keep within the host's limits.");
    }

    // One host has a pacer for each clock in use; outside of tests there is one clock.
    private static IEnumerable<Measurement<T>> Sum<T>(Func<HostPacer, T> value)
        where T : struct, System.Numerics.INumber<T> =>
        HostPacer.All
            .GroupBy(pacer => pacer.Host, value, StringComparer.Ordinal)
            .Select(host => new Measurement<T>(host.Aggregate(T.Zero, (sum, next) => sum + next), new KeyValuePair<string, object?>(MetricLabels.Host, host.Key)));
}
