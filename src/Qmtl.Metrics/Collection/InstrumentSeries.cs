using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Prometheus;
using Qmtl.Telemetry;

namespace Qmtl.Metrics.Collection;

/// <summary>
/// Keeps the series of one instrument in a registry of prometheus-net. There are at most so many of them; what finds no room is
/// counted. A series that an observable instrument no longer tells of is gone at the next collection; one of another kind when
/// nothing was measured for <see cref="QmtlMeter.Retention"/>.
/// </summary>
internal sealed class InstrumentSeries(
    Instrument instrument, MetricType type, IMetricFactory registry, TimeProvider clock, int limit, SeriesOverflow overflow)
{
    private readonly ConcurrentDictionary<string[], Series> _series = new(TagComparer.Instance);
    private readonly string _unit = PrometheusName.OfUnit(instrument.Unit);
    private readonly string _help = instrument.Description ?? string.Empty;
    private readonly bool _isObserved = instrument.IsObservable;
    private readonly bool _addsUp = instrument is UpDownCounter<long> or UpDownCounter<double>;
    private string[] _labels = [];
    private Func<string[], ChildBase>? _open;
    private long _collection;
    private int _count;

    /// <summary>Prometheus's name.</summary>
    public string Name { get; } = PrometheusName.OfMetric(instrument.Name, PrometheusName.OfUnit(instrument.Unit), type);

    /// <summary>To be called before the observable instruments are asked. One collection at a time.</summary>
    public void Begin()
    {
        if (_isObserved)
        {
            _collection++;
            _count = 0;
        }
    }

    /// <summary>Takes a measurement, on whichever thread it is made. It never waits for a collection.</summary>
    public void Measure(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (!_series.GetAlternateLookup<ReadOnlySpan<KeyValuePair<string, object?>>>().TryGetValue(tags, out Series? series)
            && !TryAdd(tags, out series))
        {
            overflow.Count();
        }
        else if (!_isObserved)
        {
            series.Add(value, _addsUp);
            series.Seen = clock.GetTimestamp();
        }
        else if (series.Seen == _collection || ++_count <= limit)
        {
            // Those that the last collection has left are not counted: they may be gone.
            series.Set(value, _open!);
            series.Seen = _collection;
        }
        else
        {
            overflow.Count();
        }
    }

    /// <summary>Forgets what is gone, once the observable instruments were asked.</summary>
    public void End()
    {
        foreach ((string[] values, Series series) in _series)
        {
            if (_isObserved ? series.Seen != _collection : clock.GetElapsedTime(series.Seen) > QmtlMeter.Retention)
            {
                // In this order: the other way round, one that comes again in between would be found in the registry and then taken out.
                series.Remove();
                _series.TryRemove(values, out _);
                if (!_isObserved)
                {
                    Interlocked.Decrement(ref _count);
                }
            }
        }
    }

    /// <summary>What the registry holds of it, in an order that stays the same.</summary>
    public MetricFamily Read() => new(Name, type, _unit, _help, [.. _series.Values.Order().Select(series => series.Read(_labels))]);

    // One at a time: two threads with the first measurement of one series would count it twice, and for that moment take the room of
    // another.
    private bool TryAdd(ReadOnlySpan<KeyValuePair<string, object?>> tags, out Series series)
    {
        lock (_series)
        {
            string[] values = TagComparer.Instance.Create(tags);
            if (_series.TryGetValue(values, out series!))
            {
                return true;
            }

            if (!_isObserved && Volatile.Read(ref _count) >= limit)
            {
                return false;
            }

            // An instrument has the same tags in the same order with each measurement. What is new counts as seen, or it could be taken
            // for gone at once.
            _open ??= Define(tags);
            series = new Series(values, _open(values)) { Seen = _isObserved ? -1 : clock.GetTimestamp() };
            _series.TryAdd(values, series);
            if (!_isObserved)
            {
                Interlocked.Increment(ref _count);
            }

            return true;
        }
    }

    private Func<string[], ChildBase> Define(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        string[] labels = new string[tags.Length];
        for (int i = 0; i < labels.Length; i++)
        {
            labels[i] = PrometheusName.OfLabel(tags[i].Key);
        }

        _labels = labels;
        return type switch
        {
            MetricType.Counter =>
                registry.CreateCounter(Name, _help, labels, new CounterConfiguration { SuppressInitialValue = true }).WithLabels,
            MetricType.Histogram =>
                registry.CreateHistogram(
                    Name, _help, labels, new HistogramConfiguration { SuppressInitialValue = true, Buckets = Buckets() }).WithLabels,
            _ => registry.CreateGauge(Name, _help, labels, new GaugeConfiguration { SuppressInitialValue = true }).WithLabels,
        };
    }

    // Without advice the library's own, which are OpenTelemetry's in seconds, too.
    private double[]? Buckets() => instrument is Histogram<double> { Advice.HistogramBucketBoundaries: { } advice } ? [.. advice] : null;
}
