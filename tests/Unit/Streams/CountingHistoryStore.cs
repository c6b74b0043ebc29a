using Qmtl.Data;
using Qmtl.History;
using Qmtl.Time;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.Streams;

/// <summary>A store that counts how often it is asked anything.</summary>
internal sealed class CountingHistoryStore(IHistoryStore inner) : IHistoryStore
{
    private int _queries;
    private int _writes;

    public int Queries => Volatile.Read(ref _queries);

    public int Reads => RangesRead.Count;

    public int Writes => Volatile.Read(ref _writes);

    /// <summary>Called before each read; may throw.</summary>
    public Action BeforeRead { get; set; } = () => { };

    /// <summary>The ranges that were read.</summary>
    public SharedList<TimeRange> RangesRead { get; } = new();

    public StoreInfo Info => inner.Info;

    public Task<IReadOnlyList<StreamKey>> GetStreamsAsync(CancellationToken cancellationToken = default) => inner.GetStreamsAsync(cancellationToken);

    public Task<TimeRangeSet> GetCoverageAsync(StreamKey stream, TimeRange? within = null, CancellationToken cancellationToken = default)
    {
        Interlocked.Increment(ref _queries);
        return inner.GetCoverageAsync(stream, within, cancellationToken);
    }

    public IAsyncEnumerable<BarFrame> ReadAsync(StreamKey stream, TimeRange range, CancellationToken cancellationToken = default)
    {
        RangesRead.Add(range);
        BeforeRead();
        return inner.ReadAsync(stream, range, cancellationToken);
    }

    public Task<TimeRangeSet> GetKnownEmptyAsync(StreamKey stream, string? source, TimeRange? within = null, CancellationToken cancellationToken = default)
    {
        Interlocked.Increment(ref _queries);
        return inner.GetKnownEmptyAsync(stream, source, within, cancellationToken);
    }

    public Task WriteAsync(StreamKey stream, IReadOnlyList<BarPage> pages, CancellationToken cancellationToken = default)
    {
        Interlocked.Increment(ref _writes);
        return inner.WriteAsync(stream, pages, cancellationToken);
    }

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
