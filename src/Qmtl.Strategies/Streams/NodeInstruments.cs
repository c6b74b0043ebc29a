using System.Diagnostics.Metrics;
using Qmtl.Data;
using Qmtl.Telemetry;

namespace Qmtl.Streams;

/// <summary>
/// The memory of nodes' caches, and the time of their replays. A cache is measured for as long as something else keeps it alive.
/// </summary>
internal sealed class NodeInstruments
{
    private readonly Lock _lock = new();
    private readonly List<Entry> _caches = [];
    private readonly Histogram<double> _replayDuration;

    /// <summary>Creates the instruments.</summary>
    /// <param name="instruments">Those of the meter that they are to belong to.</param>
    public NodeInstruments(MeterInstruments instruments)
    {
        instruments.Meter.CreateObservableGauge("qmtl.cache.size", Read, "By", "Memory that a node's cache holds.");
        _replayDuration = MeterInstruments.Duration(instruments.Meter, "qmtl.replay.duration", "How long one replay took in a node.");
    }

    /// <summary>Those of the process's meter.</summary>
    public static NodeInstruments Shared { get; } = new(QmtlMeter.Instruments);

    /// <summary>Measures one replay through a node.</summary>
    public void RecordReplay(StreamKey node, TimeSpan duration) => _replayDuration.Record(
        duration.TotalSeconds, new(MetricLabels.NodeId, node.NodeId), new(MetricLabels.Interval, MetricLabels.Of(node.Interval)));

    /// <summary>Measures a node's cache.</summary>
    /// <param name="node">The node that owns the cache, and its interval. Caches that share a node are added up.</param>
    /// <param name="cache">The cache. It is held weakly, so that nobody has to take it off the list.</param>
    /// <param name="readBytes">Reads its size in bytes; called from any thread at each collection. It must not capture the cache.</param>
    public void RegisterCache<TCache>(StreamKey node, TCache cache, Func<TCache, long> readBytes)
        where TCache : class
    {
        var weak = new WeakReference<TCache>(cache);
        lock (_lock)
        {
            // Collected ones are taken out when the list would grow, so that it stays as long as what is alive, read or not.
            if (_caches.Count == _caches.Capacity)
            {
                _caches.RemoveAll(entry => entry.Read() is null);
            }

            _caches.Add(new Entry(node, () => weak.TryGetTarget(out TCache? alive) ? readBytes(alive) : null));
        }
    }

    private List<Measurement<long>> Read()
    {
        lock (_lock)
        {
            var bytes = new Dictionary<StreamKey, long>();
            _caches.RemoveAll(entry =>
            {
                long? size = entry.Read();
                if (size is { } alive)
                {
                    bytes[entry.Node] = bytes.GetValueOrDefault(entry.Node) + alive;
                }

                return size is null;
            });
            return [.. bytes.Select(node => new Measurement<long>(node.Value, MetricLabels.Of(node.Key)))];
        }
    }

    private sealed record Entry(StreamKey Node, Func<long?> Read);
}
