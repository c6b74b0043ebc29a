using Microsoft.Extensions.Logging;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.History;
using Qmtl.Time;

namespace Qmtl.Backfill;

/// <summary>A store and, where given, the source that fills it.</summary>
public sealed class StoreHistoryProvider : IHistoryProvider, IAsyncDisposable
{
    private readonly TimeProvider _timeProvider;
    private readonly ILoggerFactory? _loggerFactory;

    /// <summary>A provider over <paramref name="store"/>, which it owns and disposes.</summary>
    /// <param name="store">Where the bars are.</param>
    /// <param name="fetcher">The source that fills it; null for a provider that only reads.</param>
    /// <param name="options">How it is filled; null for the defaults.</param>
    /// <param name="timeProvider">The clock; null for the system's.</param>
    /// <param name="loggerFactory">Makes the logger that is told how it is filled; null for none.</param>
    public StoreHistoryProvider(
        IHistoryStore store,
        IDataFetcher? fetcher = null,
        BackfillOptions? options = null,
        TimeProvider? timeProvider = null,
        ILoggerFactory? loggerFactory = null)
    {
        ArgumentNullException.ThrowIfNull(store);
        Store = store;
        Fetcher = fetcher;
        Options = options ?? new BackfillOptions();
        _timeProvider = timeProvider ?? TimeProvider.System;
        _loggerFactory = loggerFactory;
    }

    /// <summary>Where the bars are.</summary>
    public IHistoryStore Store { get; }

    /// <inheritdoc/>
    public IDataFetcher? Fetcher { get; }

    /// <inheritdoc/>
    public string? Obstacle => Fetcher is null ? $"{DisplayName} has no fetcher to fill it" : null;

    /// <inheritdoc/>
    public BackfillOptions Options { get; }

    /// <inheritdoc/>
    public string DisplayName => Store.Info.DisplayName;

    /// <inheritdoc cref="StoreInfo.WritePath"/>
    public string? WritePath => Store.Info.WritePath;

    /// <inheritdoc/>
    public IAsyncEnumerable<BarFrame> FetchAsync(StreamKey stream, TimeRange range, CancellationToken cancellationToken = default) =>
        Store.ReadAsync(stream, range, cancellationToken);

    /// <inheritdoc/>
    public Task<TimeRangeSet> GetCoverageAsync(StreamKey stream, TimeRange? within = null, CancellationToken cancellationToken = default) =>
        Store.GetCoverageAsync(stream, within, cancellationToken);

    /// <inheritdoc/>
    public Task<TimeRangeSet> GetKnownEmptyAsync(
        StreamKey stream, string? source = null, TimeRange? within = null, CancellationToken cancellationToken = default) =>
        Store.GetKnownEmptyAsync(stream, source ?? Fetcher?.GetName(stream), within, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<StreamKey>> GetStreamsAsync(CancellationToken cancellationToken = default) =>
        Store.GetStreamsAsync(cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<HistorySummary>> SummarizeAsync(
        IReadOnlyCollection<StreamKey>? streams = null, CancellationToken cancellationToken = default) =>
        Store.SummarizeAsync(streams, stream => Fetcher?.GetName(stream), cancellationToken);

    /// <inheritdoc/>
    public string? GetTableName(string nodeId) => Store.Info.TableOf(nodeId);

    /// <inheritdoc/>
    public IAsyncEnumerable<BackfillResult> CompleteAsync(
        StreamKey stream, IReadOnlyList<TimeRange> ranges, BackfillEngine engine, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(engine);
        return Fetcher is { } fetcher
            ? engine.RunAsync([new BackfillRequest(Store, fetcher, stream, ranges)], cancellationToken)
            : engine.FillAsync(this, stream, ranges, cancellationToken);
    }

    /// <inheritdoc/>
    public IHistoryProvider From(IDataFetcher fetcher) => new StoreHistoryProvider(Store, fetcher, Options, _timeProvider, _loggerFactory);

    /// <summary>
    /// Asks the source for the bars missing inside <paramref name="range"/> and stores them. Only what is missing is asked for.
    /// </summary>
    /// <exception cref="InvalidOperationException">The provider has no fetcher; nothing was read or written.</exception>
    /// <exception cref="SourceException">
    /// The source could not answer, or bars are still missing that closed longer ago than the settle time: rows of it were refused, or it
    /// does not know. What came is stored. That younger bars are not there yet is no error.
    /// </exception>
    /// <exception cref="StoreException">The store refused or cannot be reached.</exception>
    public async Task FillMissingAsync(StreamKey stream, TimeRange range, CancellationToken cancellationToken = default)
    {
        IDataFetcher fetcher = Fetcher
            ?? throw new InvalidOperationException(
                $"The provider {DisplayName} has no fetcher, so it cannot fill missing bars. Create it with one.");
        var engine = new BackfillEngine(Options, _timeProvider, loggerFactory: _loggerFactory);
        await foreach (BackfillResult result in engine.RunAsync([new BackfillRequest(Store, fetcher, stream, [range])], cancellationToken))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (result.Error is { } error)
            {
                System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(error);
            }

            if (result.BarsMissing > 0)
            {
                await RequireSettledAsync(fetcher, result, cancellationToken);
            }
        }
    }

    private async Task RequireSettledAsync(IDataFetcher fetcher, BackfillResult result, CancellationToken cancellationToken)
    {
        long settled = Options.LastSettledBar(result.Stream.Interval, _timeProvider.GetUtcNow());
        if (result.Range.Start > settled)
        {
            return;
        }

        var old = new TimeRange(result.Range.Start, Math.Min(result.Range.End, settled));
        TimeRangeSet left = await GapFinder.FindAsync(
            this, result.Stream, old, fetcher.GetName(result.Stream), cancellationToken: cancellationToken);
        if (!left.IsEmpty)
        {
            if (fetcher.GetReach(result.Stream) is { } reach && left.Bounds!.Value.Start < reach.OldestBar)
            {
                throw new SourceException(
                    $"{fetcher.Name} {reach.Reason}, from {UnixTime.Format(reach.OldestBar)} on, and {left.BarCount} bars of "
                        + $"{result.Stream} in {result.Range} are still missing. {reach.WayOut ?? SourceException.OlderBars}");
            }

            string refused = result.Rejected.Total > 0 ? $" Rows that were not stored: {result.Rejected}." : string.Empty;
            throw new SourceException(
                $"{fetcher.Name} was asked for {result.Stream} in {result.Range}, and {left.BarCount} bars are still missing from "
                    + $"{UnixTime.Format(left[0].Start)} on: it neither gave them nor said that they do not exist.{refused}");
        }
    }

    /// <summary>What and where the provider is, for people.</summary>
    public override string ToString() => DisplayName;

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => Store.DisposeAsync();
}
