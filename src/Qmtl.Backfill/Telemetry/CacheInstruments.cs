using System.Diagnostics.Metrics;
using Qmtl.Data;

namespace Qmtl.Telemetry;

/// <summary>The memory of nodes' caches. A cache is measured for as long as something else keeps it alive.</summary>
internal sealed class CacheInstruments
{
    private readonly Lock _lock = new();
    private readonly List<Entry> _caches = [];

    public CacheInstruments(Meter meter) =>
        meter.CreateObservableGauge("qmtl.cache.size", Read, "By", "Memory that a node's cache holds.");

    /// <inheritdoc cref="QmtlMeter.RegisterCache"/>
    public void Register<TCache>(StreamKey node, TCache cache, Func<TCache, long> readBytes)
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
