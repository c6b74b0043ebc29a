using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.History;
using Qmtl.Time;

namespace Qmtl.Backfill;

/// <summary>
/// Completes one request: plans, fetches several pages at once, and writes them with a single writer. Between the two stands a
/// queue. A page is asked for only when the engine's budget has room for its bars, so that memory does not grow with the range;
/// the writer commits together whatever has gathered, and never waits for more.
/// </summary>
internal sealed partial class StreamBackfill
{
    // A revision holds what differs beside the bars, and all of them may.
    private const int MostBarsInRevision = 20_000;

    private readonly BackfillRequest _request;
    private readonly string _source;
    private readonly BackfillOptions _options;
    private readonly TimeProvider _timeProvider;
    private readonly RetryPolicy _retries;
    private readonly BarBudget _budget;
    private readonly PageFetcher _fetcher;
    private readonly Action<BackfillEvent> _raise;
    private readonly Action<BackfillResult> _emit;
    private RejectedRows _rejected = RejectedRows.None;
    private Exception? _storeIsAway;
    private CompletionFrontier? _frontier;
    private TimeRangeSet? _asked;
    private TimeRangeSet? _missing;

    public StreamBackfill(
        BackfillRequest request,
        BackfillOptions options,
        RetryPolicy retries,
        SemaphoreSlim slots,
        BarBudget budget,
        TimeProvider timeProvider,
        Action<BackfillEvent> raise,
        Action<BackfillResult> emit)
    {
        _request = request;

        // Taken once, before anything is read: a file that changes meanwhile has another name, which must not inherit what is learnt here.
        _source = request.Fetcher.GetName(request.Stream);
        _budget = budget;
        _options = options;
        _timeProvider = timeProvider;
        _retries = retries;
        _raise = raise = raise + request.OnEvent;
        _emit = result =>
        {
            raise(new BackfillRangeEnded(request.Stream, result));
            emit(result);
        };
        _fetcher = new PageFetcher(request, _source, options, retries, slots, timeProvider, raise);
    }

    private StreamKey Stream => _request.Stream;

    private bool Revises => _options.Force || _options.ComparesStored;

    private bool LooksAtStored => Revises || _request.Store is ComparedStore;

    private int BarsPerCommit => Math.Clamp(_request.Store.Info.BarsPerWrite, 1, Revises ? MostBarsInRevision : int.MaxValue);

    // As many as the store likes are being written while as many gather. A source of large pages is asked for several at once all the same.
    private long MostBufferedBars(List<TimeRange> files)
    {
        long page = Math.Max(
            _fetcher.BarsFrom(long.MaxValue), files.Select(file => file.CountBars(Stream.Interval)).DefaultIfEmpty().Max());
        return Math.Max(2L * BarsPerCommit, (_options.ThrottleLimit + 1L) * page);
    }

    /// <summary>
    /// Runs to the end. Every range gets exactly one result, also when it fails or is cancelled; nothing is thrown for these.
    /// </summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        long started = _timeProvider.GetTimestamp();
        _raise(new BackfillStarted(Stream, _source, _request.Ranges.Count) { Bounds = BackfillPlanner.BoundsOf(_request.Ranges) });
        await CompleteRangesAsync(cancellationToken);
        _fetcher.Complete();
        if (_rejected.Total > 0)
        {
            _raise(new BackfillRowsRejected(Stream, _source, _rejected));
        }

        StoreInfo store = _request.Store.Info;
        _raise(new BackfillEnded(Stream, _source, _timeProvider.GetElapsedTime(started))
        {
            CompleteUpTo = _frontier?.CompleteUpTo,
            Asked = _asked,
            Missing = _frontier?.Left() is { } left ? NullIfEmpty(left) : _asked,
            RateLimitWait = _fetcher.RateLimitWait,
            WritePath = store.WritePath is { } path ? (store.DisplayName, path) : null,
            Table = store.TableOf(Stream.NodeId) is { } table ? (store.DisplayName, table) : null,
        });
    }

    private static TimeRangeSet? NullIfEmpty(TimeRangeSet bars) => bars.IsEmpty ? null : bars;

    private async Task CompleteRangesAsync(CancellationToken cancellationToken)
    {
        (List<TimeRange> open, List<TimeRange> withoutBars) = BackfillPlanner.SplitByBars(
            Stream.Interval, _request.Ranges, _timeProvider.GetUtcNow());
        foreach (TimeRange range in withoutBars)
        {
            _emit(new BackfillResult { Stream = Stream, Range = range, Status = BackfillStatus.Completed });
        }

        if (open.Count == 0)
        {
            return;
        }

        _asked = new TimeRangeSet(Stream.Interval, open);
        var ledger = new RangeLedger(Stream, open, _timeProvider);
        try
        {
            cancellationToken.ThrowIfCancellationRequested();
            await using IAsyncDisposable claim = _request.IsClaimed
                ? StreamClaim.None
                : await ClaimAsync(_request, _timeProvider, _raise, cancellationToken);
            TimeRangeSet missing = _missing = await FindMissingAsync(ledger, _asked, cancellationToken);
            TimeRangeSet toAsk = _options.Force || (_options.ComparesStored && !missing.IsEmpty) ? _asked : missing;
            ledger.SetMissing(missing, toAsk);
            await CompleteAsync(ledger, missing, toAsk, cancellationToken);
            EndAll(ledger, null);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            EndAll(ledger, null, cancelled: true);
        }
        catch (Exception error)
        {
            EndAll(ledger, error);
        }
    }

    private async Task<TimeRangeSet> FindMissingAsync(RangeLedger ledger, TimeRangeSet requested, CancellationToken cancellationToken)
    {
        TimeRange bounds = requested.Bounds!.Value;
        TimeRangeSet covered = await StoreAsync(
            token => _request.Store.GetCoverageAsync(Stream, bounds, token), bounds, ledger.CountRetry, cancellationToken);
        TimeRangeSet knownEmpty = _options.RetryEmpty || _options.Force
            ? TimeRangeSet.Empty(Stream.Interval)
            : await StoreAsync(
                token => _request.Store.GetKnownEmptyAsync(Stream, _source, bounds, token), bounds, ledger.CountRetry, cancellationToken);
        return BackfillPlanner.FindMissing(requested, covered, knownEmpty);
    }

    private async Task CompleteAsync(
        RangeLedger ledger, TimeRangeSet missing, TimeRangeSet toAsk, CancellationToken cancellationToken)
    {
        Emit(ledger.TakeFinished());
        TimeRangeSet before = BeforeEarliest(toAsk);
        TimeRangeSet asked = toAsk.Subtract(before);
        TimeRangeSet old = LeaveOutOfReach(ledger, asked);
        asked = asked.Subtract(old);
        _frontier = new CompletionFrontier(missing, ledger.Bounds, isBlocked: !old.Intersect(missing).IsEmpty);
        List<TimeRange> files = ChooseFiles(asked);
        TimeRangeSet windows = asked.Subtract(new TimeRangeSet(Stream.Interval, files));
        long requests = files.Count + BackfillPlanner.CountRequests(windows, _fetcher.BarsFrom, cancellationToken);
        _raise(new BackfillPlanned(Stream, _options.Force ? toAsk.BarCount : missing.BarCount, requests)
        {
            CompleteUpTo = _frontier.CompleteUpTo,
            Missing = NullIfEmpty(missing),
        });

        using BarBudget.Share share = _budget.OpenShare(MostBufferedBars(files));
        if (requests == 1 && before.IsEmpty)
        {
            // A page alone needs no queue.
            await foreach (FetchedPage page in AdmitAsync(
                BackfillPlanner.Plan(asked, files, _fetcher.BarsFrom), share, cancellationToken))
            {
                await FetchAsync(ledger, page, cancellationToken);
                await EndAsync(ledger, [page], cancellationToken);
            }
        }
        else
        {
            await CompleteManyAsync(ledger, before, asked, files, share, cancellationToken);
        }

        cancellationToken.ThrowIfCancellationRequested();
        _frontier.End();
    }

    private async Task CompleteManyAsync(
        RangeLedger ledger,
        TimeRangeSet before,
        TimeRangeSet asked,
        IReadOnlyList<TimeRange> files,
        BarBudget.Share share,
        CancellationToken cancellationToken)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var pages = Channel.CreateUnbounded<FetchedPage>(new UnboundedChannelOptions { SingleReader = true });
        Task fetching = FetchAllAsync(ledger, before, asked, files, share, pages.Writer, ended.Token);
        try
        {
            await WriteAllAsync(ledger, share, pages.Reader, ended.Token);
        }
        finally
        {
            // Whatever ended the writer must end the fetchers too, or they would wait for room in the budget for ever.
            await ended.CancelAsync();
            await fetching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        cancellationToken.ThrowIfCancellationRequested();
        await fetching;
    }

    private List<TimeRange> ChooseFiles(TimeRangeSet asked) => _request.Fetcher is IBulkSource bulk && asked.Bounds is { } bounds
        ? BackfillPlanner.ChooseFiles(asked, bulk.GetFiles(Stream, bounds), _fetcher.BarsFrom)
        : [];

    // The source says that it has nothing before this bar: as good an answer as an empty one, and free.
    private TimeRangeSet BeforeEarliest(TimeRangeSet missing)
    {
        long settled = _fetcher.LastSettledBar(_timeProvider.GetUtcNow());
        return _request.Fetcher.GetEarliestBar(Stream) is { } earliest
            && missing.Bounds is { } bounds
            && bounds.Start < Math.Min(earliest, settled)
            ? missing.Intersect(new TimeRange(bounds.Start, Math.Min(earliest - 1, settled)))
            : TimeRangeSet.Empty(Stream.Interval);
    }

    // Bars that the source has and does not give any more: nobody asks for them, and they stay missing.
    private TimeRangeSet LeaveOutOfReach(RangeLedger ledger, TimeRangeSet missing)
    {
        if (_request.Fetcher.GetReach(Stream) is not { } reach || missing.Bounds is not { } bounds || bounds.Start >= reach.OldestBar)
        {
            return TimeRangeSet.Empty(Stream.Interval);
        }

        TimeRangeSet old = missing.Intersect(new TimeRange(bounds.Start, reach.OldestBar - 1));
        string what = $"{reach.Reason}: of {Stream} it reaches back to {UnixTime.Format(reach.OldestBar)}";
        string wayOut = reach.WayOut ?? SourceException.OlderBars;
        List<BackfillResult> ended = ledger.LeaveOut(
            old,
            reach.OldestBar,
            new SourceException($"{_source} {what}, and the range ends before that. {wayOut}") { IsUnsent = true },
            out bool isPartly);
        if (isPartly)
        {
            _raise(new BackfillSourceNote(Stream, _source, new SourceNote(
                SourceNoteKind.Reach,
                $"it {what}, so that {old.BarCount} older bars stay {(_options.Force ? "as they are" : "missing")}. "
                    + wayOut.TrimEnd('.'))));
        }

        Emit(ended);
        return old;
    }

    private async Task FetchAllAsync(
        RangeLedger ledger,
        TimeRangeSet before,
        TimeRangeSet asked,
        IReadOnlyList<TimeRange> files,
        BarBudget.Share share,
        ChannelWriter<FetchedPage> pages,
        CancellationToken cancellationToken)
    {
        Exception? failure = null;
        try
        {
            // All at once, unless stored bars are looked at: of these there may be more than there is memory for.
            IEnumerable<PlannedRequest> free = LooksAtStored
                ? BackfillPlanner.Plan(before, _fetcher.BarsFrom)
                : before.Select(range => new PlannedRequest(range, new TimeRangeSet(Stream.Interval, range)));
            foreach (PlannedRequest planned in free)
            {
                var page = new FetchedPage(planned, mostBars: LooksAtStored ? planned.Missing.BarCount : 0)
                {
                    Number = _frontier!.Number(),
                    StartedAt = _timeProvider.GetTimestamp(),
                };
                page.Answers.Add(new BarPage(_source, BarFrame.Empty(Stream.Interval), planned.Missing, planned.Missing));
                await share.TakeAsync(page.Weight, cancellationToken);
                pages.TryWrite(page);
            }

            await Parallel.ForEachAsync(
                AdmitAsync(BackfillPlanner.Plan(asked, files, _fetcher.BarsFrom), share, cancellationToken),
                new ParallelOptions { MaxDegreeOfParallelism = _options.ThrottleLimit, CancellationToken = cancellationToken },
                async (page, token) =>
                {
                    await FetchAsync(ledger, page, token);
                    pages.TryWrite(page);
                });
        }
        catch (Exception error)
        {
            failure = error;
            throw;
        }
        finally
        {
            pages.TryComplete(failure);
        }
    }

    // One page at a time waits for room, so the streams of an engine share it evenly.
    private async IAsyncEnumerable<FetchedPage> AdmitAsync(
        IEnumerable<PlannedRequest> plan, BarBudget.Share share, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (PlannedRequest planned in plan)
        {
            var page = new FetchedPage(planned, planned.Missing.BarCount) { Number = _frontier!.Number() };
            await share.TakeAsync(page.Weight, cancellationToken);
            yield return page;
        }
    }

    private async Task FetchAsync(RangeLedger ledger, FetchedPage page, CancellationToken cancellationToken)
    {
        lock (ledger)
        {
            if (!ledger.IsWanted(page.Planned))
            {
                return;
            }

            ledger.Open(page);
        }

        await _fetcher.FetchAsync(page, cancellationToken);
        if (page.Error is not null)
        {
            // At once, not only when the writer comes to it: the other fetchers need not ask for this range any more.
            lock (ledger)
            {
                ledger.Fail(page);
            }
        }
    }

    private Task<T> StoreAsync<T>(
        Func<CancellationToken, Task<T>> action, TimeRange range, Action onRetry, CancellationToken cancellationToken) =>
        _retries.ExecuteAsync(
            action,
            (attempt, delay, error) =>
            {
                onRetry();
                _raise(new BackfillRetrying(Stream, range, attempt, delay, error));
            },
            cancellationToken);

    private void EndAll(RangeLedger ledger, Exception? error, bool cancelled = false) => Emit(ledger.EndAll(error, cancelled));

    private void Emit(IEnumerable<BackfillResult> results)
    {
        foreach (BackfillResult result in results)
        {
            _emit(result);
        }
    }
}
