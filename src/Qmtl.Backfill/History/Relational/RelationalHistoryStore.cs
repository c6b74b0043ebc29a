using System.Runtime.CompilerServices;
using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.History.Relational;

/// <summary>
/// A history store in a relational database: a table a node (or one for all), one row a bar, and beside them a table of
/// the ranges that sources are known not to have. Tables that other programs made or fill count as well, as long as they
/// have the columns <c>node_id</c>, <c>interval</c> (seconds) and <c>ts</c> (Unix seconds, UTC).
/// </summary>
public abstract partial class RelationalHistoryStore : IHistoryStore
{
    // Far beyond any calendar, and far enough from the ends of a long that no arithmetic on a bar's open overflows.
    private static readonly TimeRange AllTime = new(-(1L << 61), 1L << 61);

    // The first retry is made at once: what broke is most often a connection that lay in the pool while the server restarted. More
    // are for a server that is still on its way, for as long as the store has patience with it.
    private const int MostReadRetries = 6;

    private readonly TimeProvider _timeProvider;
    private readonly WrittenTables _written;
    private bool _disposed;

    private protected RelationalHistoryStore(string displayName, TimeProvider? timeProvider)
    {
        DisplayName = displayName;
        _written = new WrittenTables(displayName);
        _timeProvider = timeProvider ?? TimeProvider.System;
    }

    /// <inheritdoc/>
    /// <remarks>A node's table is named by the node's id wherever the database takes it for a name, or is the one of all streams.</remarks>
    public virtual StoreInfo Info => new(DisplayName)
    {
        Identity = Naming.SharedTable is { } table ? $"{DisplayName} table {table}" : DisplayName,
        TableOf = Naming.TableOf,
    };

    private protected string DisplayName { get; }

    private protected abstract TableNaming Naming { get; }

    /// <inheritdoc/>
    public virtual Task<string?> FindWriteObstacleAsync(CancellationToken cancellationToken = default) => Task.FromResult<string?>(null);

    /// <inheritdoc/>
    public virtual Task<IAsyncDisposable?> TryClaimAsync(StreamKey stream, CancellationToken cancellationToken = default) =>
        Task.FromResult<IAsyncDisposable?>(StreamClaim.None);

    /// <inheritdoc/>
    public virtual Task<StreamClaims> TryClaimManyAsync(
        IReadOnlyCollection<StreamKey> streams, CancellationToken cancellationToken = default) =>
        Task.FromResult(new StreamClaims(new HashSet<StreamKey>(), StreamClaim.None));

    /// <inheritdoc/>
    public IReadOnlyList<string> TakeWarnings(StreamKey stream) => _written.TakeWarnings(stream);

    /// <inheritdoc/>
    /// <remarks>A stream is listed where this store would look for it, so with one table for all, only that table counts.</remarks>
    public Task<IReadOnlyList<StreamKey>> GetStreamsAsync(CancellationToken cancellationToken = default) =>
        ReadOnceAsync<IReadOnlyList<StreamKey>>(session => ListStreamsAsync(session, cancellationToken), [], cancellationToken);

    /// <inheritdoc/>
    public Task<TimeRangeSet> GetCoverageAsync(StreamKey stream, TimeRange? within = null, CancellationToken cancellationToken = default)
    {
        var nothing = TimeRangeSet.Empty(stream.Interval);
        return ReadOnceAsync(
            async session => Within(within)?.AlignTo(stream.Interval) is { } range
                && await FindBarsAsync(session, stream, cancellationToken) is { } table
                ? await session.GetCoverageAsync(table, stream, range, cancellationToken)
                : nothing,
            nothing,
            cancellationToken);
    }

    /// <inheritdoc/>
    /// <remarks>
    /// Where the table has its key, no transaction stays open while the caller works on a frame; bars written meanwhile are then seen.
    /// </remarks>
    public IAsyncEnumerable<BarFrame> ReadAsync(StreamKey stream, TimeRange range, CancellationToken cancellationToken = default) =>
        ReadPagesAsync(stream, range, null, cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<BarFrame> ReadAsync(
        StreamKey stream, TimeRange range, Action<long> onPassedOver, CancellationToken cancellationToken = default) =>
        ReadPagesAsync(stream, range, onPassedOver, cancellationToken);

    private async IAsyncEnumerable<BarFrame> ReadPagesAsync(
        StreamKey stream, TimeRange range, Action<long>? onPassedOver, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        TimeRange? whole = Within(range)?.AlignTo(stream.Interval);
        TimeRange? left = whole;
        await using var reading = new OpenRead { PassedOver = onPassedOver };
        while (left is { } bars)
        {
            BarFrame? frame = await RetryReadAsync(
                async () =>
                {
                    try
                    {
                        return await ReadFrameAsync(reading, stream, bars, goesOn: bars != whole, cancellationToken);
                    }
                    catch
                    {
                        // A retry goes on behind the last frame, on another connection.
                        await reading.DisposeAsync();
                        throw;
                    }
                },
                cancellationToken);
            if (frame is null)
            {
                yield break;
            }

            yield return frame;
            long next = stream.Interval.Next(frame.Bounds!.Value.End);
            left = next <= bars.End ? new TimeRange(next, bars.End) : null;
        }
    }

    /// <inheritdoc/>
    public Task<TimeRangeSet> GetKnownEmptyAsync(
        StreamKey stream, string? source, TimeRange? within = null, CancellationToken cancellationToken = default)
    {
        var nothing = TimeRangeSet.Empty(stream.Interval);
        return ReadOnceAsync(
            async session =>
            {
                if (Within(within) is not { } range
                    || (await session.FindTablesAsync([RelationalSession.EmptyRangesTable], cancellationToken)).Count == 0)
                {
                    return nothing;
                }

                IReadOnlyList<EmptyRange> rows = await session.ReadEmptyRangesAsync(stream, source, range, cancellationToken);
                return new TimeRangeSet(stream.Interval, rows.Select(row => new TimeRange(row.Start, row.End))).Intersect(range);
            },
            nothing,
            cancellationToken);
    }

    /// <inheritdoc/>
    public Task WriteAsync(StreamKey stream, IReadOnlyList<BarPage> pages, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(pages);
        RequirePagesOf(stream, pages);
        return EmptyRangeUpdate.Touched(pages) is { } touched
            ? WriteGuardedAsync(stream, pages, touched, revision: null, cancellationToken)
            : Task.CompletedTask;
    }

    /// <summary>Closes connections and lets go of files.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_disposed)
        {
            _disposed = true;
            await CloseAsync();
        }

        GC.SuppressFinalize(this);
    }

    /// <summary>A connection for one operation; null where there is no database yet, which only a read meets.</summary>
    private protected abstract Task<RelationalSession?> OpenSessionAsync(bool forWriting, CancellationToken cancellationToken);

    /// <summary>The operator's view of an error of the driver; null for an error that is not the store's.</summary>
    private protected abstract StoreException? Translate(Exception exception);

    /// <summary>Looks for what is behind an error, where the database has to be asked for that; null where the error says it all.</summary>
    private protected virtual Task<StoreException?> FindCauseAsync(StoreException error, CancellationToken cancellationToken) =>
        Task.FromResult<StoreException?>(null);

    /// <summary>Runs work of the database where it may block.</summary>
    private protected virtual Task<T> RunAsync<T>(Func<Task<T>> work, CancellationToken cancellationToken) => work();

    private protected abstract ValueTask CloseAsync();

    private static TimeRange? Within(TimeRange? within) => within is { } range ? AllTime.Intersect(range) : AllTime;

    private async Task<IReadOnlyList<StreamKey>> ListStreamsAsync(RelationalSession session, CancellationToken cancellationToken)
    {
        IReadOnlyList<string> names = await ListOwnTablesAsync(session, cancellationToken);
        var streams = new HashSet<StreamKey>();
        foreach (FoundTable found in await session.FindTablesAsync(names, cancellationToken))
        {
            // A table that only looks like one of bars is somebody else's; naming it as a stream is an error, listing is not.
            if (found.TryGetSchema(out TableSchema? table, out _))
            {
                streams.UnionWith(
                    (await session.ListStreamsAsync(table, cancellationToken)).Where(stream => Naming.IsIn(stream.NodeId, found.Name)));
            }
        }

        return [.. streams.OrderBy(stream => stream.NodeId, StringComparer.Ordinal).ThenBy(stream => stream.Interval)];
    }

    private async Task<IReadOnlyList<string>> ListOwnTablesAsync(RelationalSession session, CancellationToken cancellationToken)
    {
        IReadOnlyList<string> names = await session.ListTablesAsync(cancellationToken);
        return Naming.SharedTable is { } shared ? [.. names.Where(name => Naming.IsIn(shared, name))] : names;
    }

    private async Task<TableSchema?> FindBarsAsync(RelationalSession session, StreamKey stream, CancellationToken cancellationToken) =>
        SchemaOf(await session.FindTablesAsync([Naming.TableOf(stream.NodeId)], cancellationToken), Naming.TableOf(stream.NodeId));

    private TableSchema? SchemaOf(IReadOnlyList<FoundTable> found, string table)
    {
        if (found.FirstOrDefault(candidate => candidate.Name == table) is not { } description)
        {
            return null;
        }

        return description.TryGetSchema(out TableSchema? schema, out string? problem)
            ? schema
            : throw new StoreException($"The table '{table}' in {DisplayName} cannot be used: {problem}.");
    }

    // Where there is no database yet, there is nothing in it.
    private Task<T> ReadOnceAsync<T>(Func<RelationalSession, Task<T>> read, T nothing, CancellationToken cancellationToken) =>
        RetryReadAsync(
            async () =>
            {
                await using RelationalSession? session = await OpenSessionAsync(forWriting: false, cancellationToken);
                if (session is null)
                {
                    return nothing;
                }

                T result = await read(session);
                session.RequireUnchanged();
                return result;
            },
            cancellationToken);

    private async Task<BarFrame?> ReadFrameAsync(
        OpenRead reading, StreamKey stream, TimeRange bars, bool goesOn, CancellationToken cancellationToken)
    {
        if (reading.Reader is null)
        {
            reading.Session = await OpenSessionAsync(forWriting: false, cancellationToken);
            if (reading.Session is null || await FindBarsAsync(reading.Session, stream, cancellationToken) is not { } table)
            {
                // Half a history must not pass for a whole one.
                return goesOn ? throw new StoreException($"{DisplayName}: the bars of {stream} are gone while they are read.") : null;
            }

            reading.Reader = reading.Session.OpenReader(table, stream, bars);
            reading.Reader.PassedOver = reading.PassedOver;
        }

        BarFrame? frame = await reading.Reader.ReadFrameAsync(cancellationToken);
        reading.Session!.RequireUnchanged();
        return frame;
    }

    // A write is retried by whoever makes it, who counts and tells the retries; a read is retried here, for all who read.
    private async Task<T> RetryReadAsync<T>(Func<Task<T>> read, CancellationToken cancellationToken)
    {
        for (int retry = 0; ; retry++)
        {
            try
            {
                return await GuardAsync(read, cancellationToken);
            }
            catch (StoreException error) when (error.RetryAfter is not null && retry < MostReadRetries)
            {
                await Task.Delay(retry == 0 ? TimeSpan.Zero : error.RetryAfter.Value, _timeProvider, cancellationToken);
            }
        }
    }

    private async Task<T> GuardAsync<T>(Func<Task<T>> work, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            return await RunAsync(work, cancellationToken);
        }
        catch (Exception exception) when (Translate(exception) is { } translated)
        {
            // A cancelled statement ends in an error of the driver; whoever cancelled expects to be told just that.
            throw cancellationToken.IsCancellationRequested
                ? new OperationCanceledException(exception.Message, exception, cancellationToken)
                : await FindCauseAsync(translated, cancellationToken) ?? translated;
        }
    }

    /// <summary>What is open for a read that goes on from frame to frame.</summary>
    private sealed class OpenRead : IAsyncDisposable
    {
        public RelationalSession? Session { get; set; }

        public BarReader? Reader { get; set; }

        public Action<long>? PassedOver { get; init; }

        public async ValueTask DisposeAsync()
        {
            (BarReader? reader, RelationalSession? session, Reader, Session) = (Reader, Session, null, null);
            if (reader is not null)
            {
                await reader.DisposeAsync();
            }

            if (session is not null)
            {
                await session.DisposeAsync();
            }
        }
    }
}
