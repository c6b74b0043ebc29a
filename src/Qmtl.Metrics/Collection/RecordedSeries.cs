using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Qmtl.Telemetry;

namespace Qmtl.Metrics.Collection;

/// <summary>
/// The series of an instrument that measures when something happens. They are found without allocating, and forgotten when
/// nothing was measured for <see cref="QmtlMeter.Retention"/>.
/// </summary>
internal sealed class RecordedSeries : InstrumentSeries
{
    // What OpenTelemetry uses where the instrument gives no advice, in seconds.
    private static readonly double[] DefaultBuckets = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

    private readonly ConcurrentDictionary<LabelSet, Series> _series = new(LabelSetComparer.Instance);
    private readonly ConcurrentDictionary<LabelSet, Series>.AlternateLookup<ReadOnlySpan<KeyValuePair<string, object?>>> _byTags;
    private readonly Func<LabelSet, Series> _create;
    private readonly TimeProvider _clock;
    private int _count;

    public RecordedSeries(Instrument instrument, MetricType type, TimeProvider clock, int limit, SeriesOverflow overflow)
        : base(instrument, type, limit, overflow)
    {
        _clock = clock;
        _byTags = _series.GetAlternateLookup<ReadOnlySpan<KeyValuePair<string, object?>>>();
        double[] buckets = instrument is Histogram<double> { Advice.HistogramBucketBoundaries: { } advice } ? [.. advice] : DefaultBuckets;
        _create = type == MetricType.Histogram ? labels => new HistogramSeries(labels, buckets)
            : instrument is Gauge<long> or Gauge<double> ? static labels => new LastValueSeries(labels)
            : static labels => new SumSeries(labels);
    }

    public override void Measure(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (_byTags.TryGetValue(tags, out Series? series) || TryAdd(tags, out series))
        {
            series.Measure(value, _clock.GetTimestamp());
        }
        else
        {
            Overflow.Count();
        }
    }

    protected override IReadOnlyList<MetricPoint> Read()
    {
        var points = new List<MetricPoint>(_series.Count);
        foreach ((LabelSet labels, Series series) in _series)
        {
            if (_clock.GetElapsedTime(series.Changed) <= QmtlMeter.Retention)
            {
                points.Add(series.Read());
            }
            else if (_series.TryRemove(labels, out _))
            {
                Interlocked.Decrement(ref _count);
            }
        }

        points.Sort(static (a, b) => LabelSet.Compare(a.Labels, b.Labels));
        return points;
    }

    private bool TryAdd(ReadOnlySpan<KeyValuePair<string, object?>> tags, out Series series)
    {
        series = null!;
        if (Interlocked.Increment(ref _count) > Limit)
        {
            Interlocked.Decrement(ref _count);
            return false;
        }

        var labels = LabelSet.From(tags);
        Series created = _create(labels);

        // What is new counts as changed, or it could be taken for gone at once; and another thread may have been first.
        created.Touch(_clock.GetTimestamp());
        series = _series.GetOrAdd(labels, created);
        if (series != created)
        {
            Interlocked.Decrement(ref _count);
        }

        return true;
    }
}
