using Prometheus;

namespace Qmtl.Metrics.Collection;

/// <summary>One series in the registry. Any thread may measure; nobody ever waits.</summary>
internal sealed class Series(string[] values, ChildBase child) : IComparable<Series>
{
    private ChildBase _child = child;
    private long _seen;

    /// <summary>When it was measured last: the clock's timestamp, or the number of the collection.</summary>
    public long Seen
    {
        get => Interlocked.Read(ref _seen);
        set => Interlocked.Exchange(ref _seen, value);
    }

    /// <summary>Takes a measurement of an instrument that measures when something happens.</summary>
    public void Add(double value, bool addsUp)
    {
        switch (_child)
        {
            case Histogram.Child histogram:
                histogram.Observe(value);
                break;
            case Counter.Child counter:
                counter.Inc(value);
                break;
            case Gauge.Child gauge when addsUp:
                gauge.Inc(value);
                break;
            case Gauge.Child gauge:
                gauge.Set(value);
                break;
        }
    }

    /// <summary>Takes what an observable instrument tells. One collection at a time.</summary>
    public void Set(double value, Func<string[], ChildBase> open)
    {
        if (_child is Gauge.Child gauge)
        {
            gauge.Set(value);
            return;
        }

        var counter = (Counter.Child)_child;
        if (value < counter.Value)
        {
            // What is counted has gone and come again since the last collection. A counter cannot go back, so this is another one.
            counter.Remove();
            _child = counter = (Counter.Child)open(values);
        }

        counter.IncTo(value);
    }

    /// <summary>Takes it out of the registry.</summary>
    public void Remove() => _child.Remove();

    /// <summary>What the registry holds of it.</summary>
    public MetricPoint Read(string[] labels)
    {
        KeyValuePair<string, string>[] named = [.. labels.Zip(values, KeyValuePair.Create)];
        return _child switch
        {
            Histogram.Child histogram => new MetricPoint(named, histogram.Sum, histogram.Count),
            Counter.Child counter => new MetricPoint(named, counter.Value),
            _ => new MetricPoint(named, ((Gauge.Child)_child).Value),
        };
    }

    public int CompareTo(Series? other)
    {
        for (int i = 0; i < values.Length; i++)
        {
            if (string.CompareOrdinal(values[i], other!.Values[i]) is not 0 and var order)
            {
                return order;
            }
        }

        return 0;
    }

    private string[] Values => values;
}
