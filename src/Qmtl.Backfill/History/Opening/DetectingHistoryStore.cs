using System.Runtime.CompilerServices;
using Npgsql;
using Qmtl.Data;
using Qmtl.History.QuestDb;
using Qmtl.History.Relational.PostgreSql;
using Qmtl.Time;

namespace Qmtl.History;

/// <summary>
/// A store on a server that speaks PostgreSQL's protocol. The first use asks the server of which kind it is, and from then on this
/// is that. A server that cannot be asked is asked again at the next use.
/// </summary>
public sealed class DetectingHistoryStore : IHistoryStore
{
    private readonly NpgsqlConnectionStringBuilder _connection;
    private readonly HistoryStoreOptions _options;
    private readonly string _display;
    private readonly QuestDbErrors _errors;
    private readonly SemaphoreSlim _asking = new(1, 1);
    private IHistoryStore? _store;
    private bool _disposed;

    /// <summary>
    /// A store on the server that <paramref name="connectionString"/> names. Nothing is asked of it before the first use.
    /// </summary>
    /// <param name="connectionString"><c>postgresql://user:pass@host:port/db</c>, or Npgsql's own form (<c>Host=…;Database=…</c>).</param>
    /// <param name="options">Table, credential and HTTP address; the kind is not looked at.</param>
    /// <param name="kinds">What the server can be.</param>
    /// <exception cref="ArgumentException">A part of the connection string is wrong, or no kind takes the options.</exception>
    internal DetectingHistoryStore(string connectionString, HistoryStoreOptions options, IReadOnlyList<StoreKind> kinds)
    {
        _connection = PostgreSqlConnectionString.Parse(connectionString, options.Credential);
        _display = PostgreSqlConnectionString.Display(_connection);
        _errors = new QuestDbErrors(_display, _connection.Password, new ServerOutage(TimeProvider.System));
        _options = options;
        ConnectionString = connectionString;
        RequireAnyTakes(options, kinds);
    }

    /// <summary>The store that the server turned out to be; null before the first use.</summary>
    public IHistoryStore? Detected => Volatile.Read(ref _store);

    /// <inheritdoc/>
    /// <remarks>The identity is the same before the server was asked what it is and after.</remarks>
    public StoreInfo Info => Detected?.Info ?? new StoreInfo(_display)
    {
        Identity = _options.Table is { } table ? $"{_display} table {table}" : _display,
    };

    private string ConnectionString { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> TakeWarnings(StreamKey stream) => Detected?.TakeWarnings(stream) ?? [];

    /// <inheritdoc/>
    public async Task<IReadOnlyList<StreamKey>> GetStreamsAsync(CancellationToken cancellationToken = default) =>
        await (await DetectAsync(cancellationToken)).GetStreamsAsync(cancellationToken);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<HistorySummary>> SummarizeAsync(
        IReadOnlyCollection<StreamKey>? streams = null,
        Func<StreamKey, string?>? source = null,
        CancellationToken cancellationToken = default) =>
        await (await DetectAsync(cancellationToken)).SummarizeAsync(streams, source, cancellationToken);

    /// <inheritdoc/>
    public async Task<TimeRangeSet> GetCoverageAsync(
        StreamKey stream, TimeRange? within = null, CancellationToken cancellationToken = default) =>
        await (await DetectAsync(cancellationToken)).GetCoverageAsync(stream, within, cancellationToken);

    /// <inheritdoc/>
    public async IAsyncEnumerable<BarFrame> ReadAsync(
        StreamKey stream, TimeRange range, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        IHistoryStore store = await DetectAsync(cancellationToken);
        await foreach (BarFrame frame in store.ReadAsync(stream, range, cancellationToken))
        {
            yield return frame;
        }
    }

    /// <inheritdoc/>
    public async Task<TimeRangeSet> GetKnownEmptyAsync(
        StreamKey stream, string? source, TimeRange? within = null, CancellationToken cancellationToken = default) =>
        await (await DetectAsync(cancellationToken)).GetKnownEmptyAsync(stream, source, within, cancellationToken);

    /// <inheritdoc/>
    public async Task<IAsyncDisposable?> TryClaimAsync(StreamKey stream, CancellationToken cancellationToken = default) =>
        await (await DetectAsync(cancellationToken)).TryClaimAsync(stream, cancellationToken);

    /// <inheritdoc/>
    public async Task<StreamClaims> TryClaimManyAsync(
        IReadOnlyCollection<StreamKey> streams, CancellationToken cancellationToken = default) =>
        await (await DetectAsync(cancellationToken)).TryClaimManyAsync(streams, cancellationToken);

    /// <inheritdoc/>
    public async Task<IReadOnlyDictionary<StreamKey, long>> GetNewestAsync(
        IReadOnlyCollection<StreamKey> streams, CancellationToken cancellationToken = default) =>
        await (await DetectAsync(cancellationToken)).GetNewestAsync(streams, cancellationToken);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<StoredRange>> ReadManyAsync(
        IReadOnlyList<StreamRange> ranges, CancellationToken cancellationToken = default) =>
        await (await DetectAsync(cancellationToken)).ReadManyAsync(ranges, cancellationToken);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<StoreException?>> WriteManyAsync(
        IReadOnlyList<StreamWrite> writes, CancellationToken cancellationToken = default) =>
        await (await DetectAsync(cancellationToken)).WriteManyAsync(writes, cancellationToken);

    /// <inheritdoc/>
    public async Task WriteAsync(StreamKey stream, IReadOnlyList<BarPage> pages, CancellationToken cancellationToken = default) =>
        await (await DetectAsync(cancellationToken)).WriteAsync(stream, pages, cancellationToken);

    /// <inheritdoc/>
    public async Task<RemovedHistory> RemoveAsync(
        StreamKey stream, TimeRange? within = null, CancellationToken cancellationToken = default) =>
        await (await DetectAsync(cancellationToken)).RemoveAsync(stream, within, cancellationToken);

    /// <inheritdoc/>
    public async Task<long> ForgetEmptyAsync(
        StreamKey stream, string? source = null, TimeRange? within = null, CancellationToken cancellationToken = default) =>
        await (await DetectAsync(cancellationToken)).ForgetEmptyAsync(stream, source, within, cancellationToken);

    /// <inheritdoc/>
    public async Task<RevisedHistory> ReviseAsync(
        StreamKey stream, IReadOnlyList<BarPage> pages, bool trailAdded, CancellationToken cancellationToken = default) =>
        await (await DetectAsync(cancellationToken)).ReviseAsync(stream, pages, trailAdded, cancellationToken);

    /// <inheritdoc/>
    public async IAsyncEnumerable<BarRevision> ReadRevisionsAsync(
        StreamKey stream, TimeRange? within = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        IHistoryStore store = await DetectAsync(cancellationToken);
        await foreach (BarRevision revision in store.ReadRevisionsAsync(stream, within, cancellationToken))
        {
            yield return revision;
        }
    }

    /// <summary>Closes connections.</summary>
    public async ValueTask DisposeAsync()
    {
        await _asking.WaitAsync();
        try
        {
            _disposed = true;
            if (_store is not null)
            {
                await _store.DisposeAsync();
            }
        }
        finally
        {
            _asking.Release();
        }
    }

    /// <summary>The store that the server is.</summary>
    /// <exception cref="StoreException">The server cannot be asked just now, or has no table of the name that was given.</exception>
    internal async Task<IHistoryStore> DetectAsync(CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _store) is { } known)
        {
            return known;
        }

        await _asking.WaitAsync(cancellationToken);
        try
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_store is null)
            {
                Volatile.Write(ref _store, Open(await FindKindAsync(cancellationToken)));
            }

            return _store!;
        }
        finally
        {
            _asking.Release();
        }
    }

    private async Task<StoreKind> FindKindAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await new ServerProduct(_connection).FindKindAsync(cancellationToken);
        }
        catch (Exception exception) when (_errors.Translate(exception) is { } translated)
        {
            throw cancellationToken.IsCancellationRequested
                ? new OperationCanceledException(exception.Message, exception, cancellationToken)
                : translated;
        }
    }

    private IHistoryStore Open(StoreKind kind)
    {
        try
        {
            return kind.Open(ConnectionString, _options);
        }
        catch (ArgumentException exception)
        {
            // A table's name that one kind takes and this one does not.
            throw new StoreException($"{_display}: {exception.Message}", exception);
        }
    }

    // What no kind takes is wrong whatever the server is, and said at once.
    private static void RequireAnyTakes(HistoryStoreOptions options, IReadOnlyList<StoreKind> kinds)
    {
        ArgumentException? refusal = null;
        foreach (StoreKind kind in kinds)
        {
            try
            {
                StoreKinds.Check(kind, options);
                return;
            }
            catch (ArgumentException exception)
            {
                refusal = exception;
            }
        }

        throw refusal!;
    }
}
