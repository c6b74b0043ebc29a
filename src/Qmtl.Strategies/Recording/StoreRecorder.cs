using Qmtl.Data;
using Qmtl.History;
using Qmtl.Time;

namespace Qmtl.Recording;

/// <summary>Records into a history store: SQLite, PostgreSQL, QuestDB, or one of somebody else's.</summary>
public sealed class StoreRecorder : IEventRecorder
{
    private const int MostRowsPerWrite = 250_000;

    // What a recorder writes says nothing of what any source lacks; a page has to name one all the same.
    private const string Source = "recorder";

    private readonly bool _ownsStore;

    /// <summary>A recorder into <paramref name="store"/>.</summary>
    /// <param name="store">Where the rows go. Its table is the stream's node id, unless the store was opened with one table for
    /// all.</param>
    /// <param name="ownsStore">Whether the store is disposed with the recorder; true by default.</param>
    public StoreRecorder(IHistoryStore store, bool ownsStore = true)
    {
        ArgumentNullException.ThrowIfNull(store);
        Store = store;
        _ownsStore = ownsStore;
    }

    /// <summary>Where the rows go.</summary>
    public IHistoryStore Store { get; }

    /// <inheritdoc/>
    public string DisplayName => Store.Info.DisplayName;

    /// <inheritdoc/>
    public string Identity => Store.Info.Identity;

    /// <inheritdoc/>
    /// <remarks>
    /// As many as the store likes best, but at most 250,000: the rows of a batch are in memory, and nothing else bounds them.
    /// </remarks>
    public int RowsPerWrite => Math.Min(Store.Info.BarsPerWrite, MostRowsPerWrite);

    /// <inheritdoc/>
    public IReadOnlyList<string> TakeWarnings(StreamKey stream) => Store.TakeWarnings(stream);

    /// <inheritdoc/>
    public Task PersistAsync(StreamKey stream, BarFrame rows, CancellationToken cancellationToken)
    {
        TimeRangeSet nothing = TimeRangeSet.Empty(stream.Interval);
        return Store.WriteAsync(stream, [new BarPage(Source, rows, nothing, nothing)], cancellationToken);
    }

    /// <summary>What and where the recorder is, for people.</summary>
    public override string ToString() => DisplayName;

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _ownsStore ? Store.DisposeAsync() : ValueTask.CompletedTask;
}
