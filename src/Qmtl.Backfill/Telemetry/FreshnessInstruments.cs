using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Qmtl.Data;

namespace Qmtl.Telemetry;

/// <summary>The instruments of streams that are kept complete: how late and how complete each is, whoever keeps it.</summary>
internal sealed class FreshnessInstruments
{
    private readonly ConcurrentDictionary<KeptGauge, KeyValuePair<string, object?>[]> _gauges = new();
    private readonly TimeProvider _clock;
    private readonly int _limit;
    private readonly SeriesOverflow _overflow;

    public FreshnessInstruments(Meter meter, TimeProvider clock, int limit, SeriesOverflow overflow)
    {
        (_clock, _limit, _overflow) = (clock, limit, overflow);
        meter.CreateObservableGauge(
            "backfill.staleness",
            () => Worst(static (gauge, now) => gauge.StalenessAt(now), static (a, b) => Math.Max(a, b)),
            "s",
            "How long ago the first bar closed that a kept stream lacks at its end; 0 where all that have closed are there.");
        meter.CreateObservableGauge(
            "backfill.staleness.budget",
            () => Worst(static (gauge, _) => gauge.Budget.TotalSeconds, static (a, b) => Math.Min(a, b)),
            "s",
            "How late the bars of a kept stream may be.");
        meter.CreateObservableGauge(
            "backfill.coverage_ratio",
            () => Worst(static (gauge, _) => gauge.Coverage, static (a, b) => Math.Min(a, b)),
            "1",
            "What part of the bars that can exist is stored of a kept stream, from 0 to 1.");
    }

    /// <summary>
    /// Begins to measure a stream that is kept; the caller tells what it sees and disposes of the gauge when it keeps it no more.
    /// </summary>
    /// <param name="stream">The stream.</param>
    /// <param name="store">The store, by its display name. One stream may be kept in several: the worst of them is what is read.</param>
    /// <param name="firstBar">From when on it is kept: Unix seconds, UTC.</param>
    /// <param name="budget">How long after its close a bar may be missing.</param>
    public KeptGauge Keep(StreamKey stream, string store, long firstBar, TimeSpan budget)
    {
        var gauge = new KeptGauge(this, stream, store, firstBar, budget);
        if (_gauges.Count >= _limit)
        {
            _overflow.Count();
        }
        else
        {
            _gauges[gauge] = MetricLabels.Of(stream);
        }

        return gauge;
    }

    /// <summary>Forgets a stream that is not kept any more.</summary>
    public void Remove(KeptGauge gauge) => _gauges.TryRemove(gauge, out _);

    // A stream has one series, however many stores it is kept in.
    private IEnumerable<Measurement<double>> Worst(Func<KeptGauge, DateTimeOffset, double?> value, Func<double, double, double> worse)
    {
        DateTimeOffset now = _clock.GetUtcNow();
        var values = new Dictionary<StreamKey, (double Value, KeyValuePair<string, object?>[] Labels)>();
        foreach ((KeptGauge gauge, KeyValuePair<string, object?>[] labels) in _gauges)
        {
            if (value(gauge, now) is { } seen)
            {
                values[gauge.Stream] = values.TryGetValue(gauge.Stream, out (double Value, KeyValuePair<string, object?>[]) other)
                    ? (worse(seen, other.Value), labels)
                    : (seen, labels);
            }
        }

        return values.Values.Select(static entry => new Measurement<double>(entry.Value, entry.Labels));
    }
}
