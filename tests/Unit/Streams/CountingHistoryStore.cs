using Qmtl.Data;
using Qmtl.History;
using Qmtl.Time;

namespace Qmtl.Unit.Streams;

/// <summary>A store that counts how often it is asked anything.</summary>
internal sealed class CountingHistoryStore(IHistoryStore inner) : IHistoryStore
{
    public int Queries { get; private set; }

    public int Reads { get; private set; }

    public int Writes { get; private set; }

    /// <summary>Called before each read; may throw.</summary>
    public Action BeforeRead { get; set; } = () => { };

    /// <summary>The ranges that were read.</summary>
    public List<TimeRange> RangesRead { get; } = [];

    public StoreInfo Info => inner.Info;

    public Task<IReadOnlyList<StreamKey>> GetStreamsAsync(CancellationToken cancellationToken = default) => inner.GetStreamsAsync(cancellationToken);

    public Task<TimeRangeSet> GetCoverageAsync(StreamKey stream, TimeRange? within = null, CancellationToken cancellationToken = default)
    {
        Queries++;
        return inner.GetCoverageAsync(stream, within, cancellationToken);
    }

    public IAsyncEnumerable<BarFrame> ReadAsync(StreamKey stream, TimeRange range, CancellationToken cancellationToken = default)
    {
        Reads++;
        RangesRead.Add(range);
        BeforeRead();
        return inner.ReadAsync(stream, range, cancellationToken);
    }

    public Task<TimeRangeSet> GetKnownEmptyAsync(StreamKey stream, string? source, TimeRange? within = null, CancellationToken cancellationToken = default)
    {
        Queries++;
        return inner.GetKnownEmptyAsync(stream, source, within, cancellationToken);
    }

    public Task WriteAsync(StreamKey stream, IReadOnlyList<BarPage> pages, CancellationToken cancellationToken = default)
    {
        Writes++;
        return inner.WriteAsync(stream, pages, cancellationToken);
    }

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
