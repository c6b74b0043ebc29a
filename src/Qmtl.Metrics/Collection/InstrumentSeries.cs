using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Qmtl.Telemetry;

namespace Qmtl.Metrics.Collection;

/// <summary>The series of one instrument: found without allocating, bounded, and forgotten when they are gone.</summary>
internal sealed class InstrumentSeries
{
    // What OpenTelemetry uses where the instrument gives no advice, in seconds.
    private static readonly double[] DefaultBuckets = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

    private readonly ConcurrentDictionary<LabelSet, Series> _series = new(LabelSetComparer.Instance);
    private readonly ConcurrentDictionary<LabelSet, Series>.AlternateLookup<ReadOnlySpan<KeyValuePair<string, object?>>> _byTags;
    private readonly Func<LabelSet, Series> _create;
    private readonly TimeProvider _clock;
    private readonly SeriesOverflow _overflow;
    private readonly int _limit;
    private readonly bool _isObservable;
    private Series[] _sorted = [];
    private int _sortedVersion;
    private int _version;
    private int _count;
    private long _collection;

    public InstrumentSeries(Instrument instrument, MetricType type, TimeProvider clock, int limit, SeriesOverflow overflow)
    {
        (_clock, _limit, _overflow) = (clock, limit, overflow);
        _byTags = _series.GetAlternateLookup<ReadOnlySpan<KeyValuePair<string, object?>>>();
        _isObservable = instrument.IsObservable;
        Type = type;
        Unit = PrometheusName.OfUnit(instrument.Unit);
        Name = PrometheusName.OfMetric(instrument.Name, Unit, type);
        Help = instrument.Description ?? string.Empty;
        double[] buckets = instrument is Histogram<double> { Advice.HistogramBucketBoundaries: { } advice } ? [.. advice] : DefaultBuckets;
        _create = type == MetricType.Histogram ? labels => new HistogramSeries(labels, buckets)
            : _isObservable || IsGauge(instrument) ? static labels => new LastValueSeries(labels)
            : static labels => new SumSeries(labels);
    }

    public string Name { get; }

    public MetricType Type { get; }

    private string Unit { get; }

    private string Help { get; }

    /// <summary>Takes a measurement, on whichever thread it is made.</summary>
    public void Measure(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (_byTags.TryGetValue(tags, out Series? series) || TryAdd(tags, out series))
        {
            series.Measure(value, _isObservable ? _collection : _clock.GetTimestamp());
        }
        else
        {
            _overflow.Count();
        }
    }

    /// <summary>To be called before the observable instruments are asked.</summary>
    public void Begin() => _collection++;

    /// <summary>Forgets what is gone and reads the rest. One caller at a time.</summary>
    public MetricFamily Collect()
    {
        foreach ((LabelSet labels, Series series) in _series)
        {
            if (IsGone(series) && _series.TryRemove(labels, out _))
            {
                Interlocked.Decrement(ref _count);
                Interlocked.Increment(ref _version);
            }
        }

        int version = Volatile.Read(ref _version);
        if (version != _sortedVersion)
        {
            _sorted = [.. _series.Values];
            Array.Sort(_sorted, static (a, b) => LabelSet.Compare(a.Labels, b.Labels));
            _sortedVersion = version;
        }

        var points = new MetricPoint[_sorted.Length];
        for (int i = 0; i < points.Length; i++)
        {
            points[i] = _sorted[i].Read();
        }

        return new MetricFamily(Name, Type, Unit, Help, points);
    }

    private static bool IsGauge(Instrument instrument) => instrument is Gauge<long> or Gauge<double>;

    // An observable instrument no longer tells of what is gone; of any other, nothing was heard for long.
    private bool IsGone(Series series) => _isObservable ? series.Changed != _collection : _clock.GetElapsedTime(series.Changed) > QmtlMeter.Retention;

    private bool TryAdd(ReadOnlySpan<KeyValuePair<string, object?>> tags, out Series series)
    {
        series = null!;
        if (Interlocked.Increment(ref _count) > _limit)
        {
            Interlocked.Decrement(ref _count);
            return false;
        }

        var labels = LabelSet.From(tags);
        Series created = _create(labels);

        // Another thread may have been first; and what is new counts as changed, or it could be taken for gone at once.
        created.Touch(_isObservable ? _collection : _clock.GetTimestamp());
        series = _series.GetOrAdd(labels, created);
        Interlocked.Increment(ref _version);
        if (series != created)
        {
            Interlocked.Decrement(ref _count);
        }

        return true;
    }
}
