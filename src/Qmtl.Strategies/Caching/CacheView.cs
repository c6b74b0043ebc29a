using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.Caching;

/// <summary>What a compute function sees of its node's cache: each upstream's bars, read only, current, not copied.</summary>
/// <remarks>
/// In C#: <c>view["BTCUSDT"].Values("close")</c>. In PowerShell: <c>$view.GetSeries('BTCUSDT').Mean('close', 20)</c>; an indexer works
/// there too, but PowerShell takes an error in it for <c>$null</c>.
/// </remarks>
public sealed class CacheView
{
    private readonly NodeCache _cache;

    internal CacheView(NodeCache cache) => _cache = cache;

    /// <summary>The upstreams of which something came, in order of their first bar.</summary>
    public IReadOnlyList<StreamKey> Upstreams => _cache.Upstreams;

    /// <inheritdoc cref="GetSeries(StreamKey)"/>
    public SeriesView this[StreamKey upstream] => GetSeries(upstream);

    /// <inheritdoc cref="GetSeries(string)"/>
    public SeriesView this[string nodeId] => GetSeries(nodeId);

    /// <summary>The bars of an upstream.</summary>
    /// <exception cref="KeyNotFoundException">Nothing came of it.</exception>
    public SeriesView GetSeries(StreamKey upstream) =>
        _cache.Find(upstream)?.View ?? throw new KeyNotFoundException($"The cache holds nothing of {upstream}. {Held()}");

    /// <summary>The bars of the upstream with that node id; case counts.</summary>
    /// <exception cref="KeyNotFoundException">Nothing came of it.</exception>
    /// <exception cref="ArgumentException">Bars of several intervals came of it.</exception>
    public SeriesView GetSeries(string nodeId)
    {
        ArgumentNullException.ThrowIfNull(nodeId);
        StreamKey? found = null;
        foreach (StreamKey upstream in _cache.Upstreams)
        {
            if (string.Equals(upstream.NodeId, nodeId, StringComparison.Ordinal))
            {
                found = found is null ? upstream : throw Ambiguous(nodeId);
            }
        }

        return found is { } only ? GetSeries(only) : throw new KeyNotFoundException($"The cache holds nothing of '{nodeId}'. {Held()}");
    }

    /// <summary>The bars of the upstream with that node id and interval, in PowerShell <c>$view.GetSeries('BTCUSDT', '5m')</c>.</summary>
    /// <exception cref="KeyNotFoundException">Nothing came of it.</exception>
    public SeriesView GetSeries(string nodeId, BarInterval interval) => GetSeries(new StreamKey(nodeId, interval));

    /// <summary>Whether something came of that upstream.</summary>
    public bool Contains(StreamKey upstream) => _cache.Find(upstream) is not null;

    /// <summary>The upstreams, for people.</summary>
    public override string ToString() => Held();

    private string Held() => Upstreams.Count == 0 ? "It is still empty." : $"It holds {string.Join(", ", Upstreams)}.";

    private ArgumentException Ambiguous(string nodeId) => new(
        $"'{nodeId}' has bars of several intervals here: {string.Join(", ", Upstreams.Where(upstream => upstream.NodeId == nodeId))}. Give the interval too.", nameof(nodeId));
}
