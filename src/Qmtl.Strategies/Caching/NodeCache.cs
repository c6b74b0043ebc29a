using System.Collections.Concurrent;
using System.Collections.ObjectModel;
using Qmtl.Data;
using Qmtl.Payloads;
using Qmtl.Time;

namespace Qmtl.Caching;

/// <summary>
/// What one node holds of its upstreams: of each the newest bars, at most <see cref="Period"/>, in columns. Live bars and history
/// may come at once from several threads, and reading with <see cref="Slice(StreamKey, int)"/> and the other methods is safe at any
/// time: a merge is seen whole or not at all.
/// </summary>
/// <remarks>
/// A series has the columns that came, each of the type of its first values: double, long, bool, text or, for any other result of a
/// node, object. A payload without columns is in the column <c>value</c>. Names are compared without case. In a bar that came
/// without some column, that column is null. Whole numbers and doubles may meet in one column where none of them loses digits;
/// any other mixture is an error, and then nothing has changed. Memory grows with the bars that are held, not with the period.
/// </remarks>
public sealed class NodeCache
{
    private readonly ConcurrentDictionary<StreamKey, CachedSeries> _series = new();
    private readonly Lock _structure = new();
    private readonly int _inPlaceLimit;
    private volatile StreamKey[] _upstreams = [];

    // Bars of one upstream mostly come one after the other.
    private volatile CachedSeries? _recent;

    /// <summary>A cache without a bar.</summary>
    /// <param name="period">How many bars of each upstream are held, at least 1; there is no upper limit.</param>
    /// <exception cref="ArgumentOutOfRangeException">The period is less than 1.</exception>
    public NodeCache(int period)
        : this(period, CachedSeries.DefaultInPlaceLimit)
    {
    }

    internal NodeCache(int period, int inPlaceLimit)
    {
        if (period < 1)
        {
            throw new ArgumentOutOfRangeException(nameof(period), period, "A node's period is at least one bar.");
        }

        Period = period;
        _inPlaceLimit = inPlaceLimit;
        View = new CacheView(this);
    }

    /// <summary>How many bars of each upstream are held at most.</summary>
    public int Period { get; }

    /// <summary>The upstreams of which something came, in order of their first bar.</summary>
    public IReadOnlyList<StreamKey> Upstreams => _upstreams;

    /// <summary>Which ranges of history have been merged in.</summary>
    public BackfillState State { get; } = new();

    /// <summary>What compute functions get: the bars without a copy, read only, always the current ones.</summary>
    public CacheView View { get; }

    /// <summary>What people call upstreams, where no two are called the same; views find them by these names too.</summary>
    internal IReadOnlyDictionary<string, StreamKey> Names { get; init; } = ReadOnlyDictionary<string, StreamKey>.Empty;

    /// <summary>Counts what is read through <see cref="View"/>; null, the default, counts nothing.</summary>
    public CacheAccessLog? AccessLog { get; set; }

    /// <summary>
    /// Bytes of the arrays of all series. Texts and objects themselves are not counted, only the references to them: they often
    /// belong to others too.
    /// </summary>
    public long ResidentBytes => _series.Values.Sum(series => series.Read(static bars => bars.ResidentBytes));

    /// <summary>
    /// Takes in a live bar. It replaces a bar of the same open, be that live or history, with all its columns; one that comes late is
    /// put in its place; one that is older than all of a full period is not held.
    /// </summary>
    /// <param name="upstream">Where the bar comes from.</param>
    /// <param name="timestamp">Any instant of the bar, in Unix seconds, UTC; it is floored to the bar's open.</param>
    /// <param name="payload">The bar; <see cref="Payload.None"/> is ignored.</param>
    /// <exception cref="InvalidOperationException">A column has a type that does not go with the values already held.</exception>
    public void Append(StreamKey upstream, long timestamp, Payload payload) => Append(upstream, timestamp, payload, out _);

    /// <inheritdoc cref="Append(StreamKey, long, Payload)"/>
    /// <param name="upstream">Where the bar comes from.</param>
    /// <param name="timestamp">Any instant of the bar.</param>
    /// <param name="payload">The bar.</param>
    /// <param name="newer">The newest bar's open where that is newer than this bar's; null where this one is the newest.</param>
    internal void Append(StreamKey upstream, long timestamp, Payload payload, out long? newer)
    {
        RequireNamed(upstream);
        newer = null;
        if (payload.IsNone)
        {
            return;
        }

        // A series that is dropped just now takes nothing in any more: the bar begins a new one.
        while (!GetOrAdd(upstream).Append(timestamp, payload, out newer))
        {
        }
    }

    /// <summary>
    /// Merges history. A live bar stays as it is, also one that comes while the merge goes on; a bar that was merged earlier is
    /// replaced. The frame's ranges are entered in <see cref="State"/>.
    /// </summary>
    /// <returns>How many of the bars were merged in: not those that live bars stand for, nor those older than the newest
    /// <see cref="Period"/>.</returns>
    /// <exception cref="ArgumentException">The frame is of another interval than the upstream.</exception>
    /// <exception cref="InvalidOperationException">A column has a type that does not go with the values already held.</exception>
    public int BackfillBulk(StreamKey upstream, BarFrame bars)
    {
        RequireNamed(upstream);
        ArgumentNullException.ThrowIfNull(bars);
        if (bars.Interval != upstream.Interval)
        {
            throw new ArgumentException(
                $"Bars of {bars.Interval} cannot be merged into {upstream}, whose bars are of {upstream.Interval}.", nameof(bars));
        }

        return bars.Count == 0 ? 0 : GetOrAdd(upstream).Merge(bars);
    }

    /// <summary>How many bars are held; 0 of an upstream that is not known.</summary>
    public int Count(StreamKey upstream) => Find(upstream)?.Read(static bars => bars.Count) ?? 0;

    /// <summary>The newest bar's open (Unix seconds, UTC), or null where no bar is held.</summary>
    public long? LastTimestamp(StreamKey upstream) => Find(upstream)?.Read(static bars => bars.LastTimestamp);

    /// <summary>
    /// Whether the newest bar does not directly follow the one before it, be that one still held or dropped because of the period.
    /// </summary>
    public bool IsMissing(StreamKey upstream) => Find(upstream)?.Read(static bars => bars.IsMissing) ?? false;

    /// <summary>Whether <see cref="Period"/> bars are held.</summary>
    public bool IsReady(StreamKey upstream) => Find(upstream)?.Read(static bars => bars.IsReady) ?? false;

    /// <summary>
    /// The newest bar, copied, or null where no bar is held. Where <c>value</c> is the series' only column, it is that value:
    /// a number, an object, or none where it is null.
    /// </summary>
    public (long Timestamp, Payload Payload)? Latest(StreamKey upstream) => Find(upstream)?.Read(static bars => bars.Latest());

    /// <summary>
    /// The newest <paramref name="count"/> bars, or all where there are fewer, copied: what comes later does not change them. Objects are
    /// given as text.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The count is negative.</exception>
    public BarFrame Slice(StreamKey upstream, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        return Slice(upstream, bars => (Math.Max(0, bars.Count - count), Math.Min(count, bars.Count)));
    }

    /// <summary>
    /// The bars from index <paramref name="start"/> on, counted from the oldest, <paramref name="length"/> of them, copied.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Not all of these are held. Of an upstream that is not known, any range is
    /// empty.</exception>
    public BarFrame Slice(StreamKey upstream, int start, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        return Slice(upstream, bars =>
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan(start, bars.Count);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(length, bars.Count - start);
            return (start, length);
        });
    }

    /// <summary>The bars that open in <paramref name="range"/> (Unix seconds, UTC, inclusive at both ends), copied.</summary>
    public BarFrame Slice(StreamKey upstream, TimeRange range) => Slice(upstream, bars =>
    {
        int start = bars.CountBefore(range.Start);
        int end = range.End == long.MaxValue ? bars.Count : bars.CountBefore(range.End + 1);
        return (start, end - start);
    });

    /// <summary>Frees an upstream's bars and forgets its ranges in <see cref="State"/>; false where it is not known.</summary>
    public bool Drop(StreamKey upstream)
    {
        lock (_structure)
        {
            if (!_series.TryRemove(upstream, out CachedSeries? series))
            {
                return false;
            }

            _upstreams = [.. _upstreams.Where(key => key != upstream)];
            series.Drop();
            return true;
        }
    }

    /// <summary>The series of an upstream, or null where nothing came of it.</summary>
    internal CachedSeries? Find(StreamKey upstream)
    {
        if (_recent is { IsDropped: false } recent && recent.Key == upstream)
        {
            return recent;
        }

        return _series.TryGetValue(upstream, out CachedSeries? series) ? series : null;
    }

    private static void RequireNamed(StreamKey upstream)
    {
        if (upstream.NodeId is null)
        {
            throw new ArgumentException("The upstream was never set. Make it with its node id and interval.", nameof(upstream));
        }
    }

    private BarFrame Slice(StreamKey upstream, Func<BarBuffer, (int Start, int Length)> choose) =>
        Find(upstream) is not { } series
            ? BarFrame.Empty(upstream.Interval)
            : series.Read(bars =>
            {
                (int start, int length) = choose(bars);
                return bars.ToFrame(start, length);
            });

    private CachedSeries GetOrAdd(StreamKey upstream)
    {
        if (Find(upstream) is { } known)
        {
            _recent = known;
            return known;
        }

        lock (_structure)
        {
            if (!_series.TryGetValue(upstream, out CachedSeries? series))
            {
                series = new CachedSeries(this, upstream, _inPlaceLimit);
                _series[upstream] = series;
                _upstreams = [.. _upstreams, upstream];
            }

            return series;
        }
    }
}
