using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.Caching;

/// <summary>What a compute function sees of its node's cache: each upstream's bars, read only, current, not copied.</summary>
/// <remarks>
/// In C#: <c>view["BTCUSDT"].Values("close")</c>. In PowerShell: <c>$view['BTCUSDT'].Mean('close', 20)</c>. PowerShell takes an error in an
/// indexer for <c>$null</c>, so a script node asks afterwards whether there was one.
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
    public SeriesView this[string nodeId]
    {
        get
        {
            try
            {
                return GetSeries(nodeId);
            }
            catch (Exception exception) when (exception is KeyNotFoundException or ArgumentException)
            {
                IndexError ??= exception;
                throw;
            }
        }
    }

    /// <summary>
    /// The first error in an indexer of this view or its series since this was last set to null, for who cannot see errors there.
    /// </summary>
    internal Exception? IndexError { get; set; }

    /// <summary>The bars of an upstream.</summary>
    /// <exception cref="KeyNotFoundException">Nothing came of it.</exception>
    public SeriesView GetSeries(StreamKey upstream) =>
        _cache.Find(upstream)?.View ?? throw new KeyNotFoundException($"The cache holds nothing of {upstream}. {Held()}");

    /// <summary>The bars of the upstream with that node id, or else of the only input with that name; case counts.</summary>
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

        if (found is null && _cache.Names.TryGetValue(nodeId, out StreamKey named))
        {
            found = named;
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

    private string Held() => Upstreams.Count == 0 ? "It is still empty." : $"It holds {string.Join(", ", Upstreams.Select(Describe))}.";

    private string Describe(StreamKey upstream) =>
        _cache.Names.FirstOrDefault(pair => pair.Value == upstream).Key is { } name && name != upstream.NodeId
            ? $"{upstream} (called '{name}')"
            : upstream.ToString();

    private ArgumentException Ambiguous(string nodeId) => new(
        $"'{nodeId}' has bars of several intervals here: {string.Join(", ", Upstreams.Where(upstream => upstream.NodeId == nodeId))}. Give "
            + $"the interval too.",
        nameof(nodeId));
}
