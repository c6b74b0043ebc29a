using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.Fetching.Pacing;
using Qmtl.History;
using Qmtl.Time;

namespace Qmtl.Backfill;

/// <summary>Asks a source for one planned page and checks what it answers.</summary>
internal sealed class PageFetcher(BackfillRequest request, BackfillOptions options, RetryPolicy retries, SemaphoreSlim slots, TimeProvider timeProvider, Action<BackfillEvent> raise)
{
    private readonly StreamKey _stream = request.Stream;
    private readonly IDataFetcher _fetcher = request.Fetcher;
    private readonly SourceNotes _notes = new(note => raise(new BackfillSourceNote(request.Stream, request.Fetcher.Name, note)));
    private long _waitedTicks;

    /// <summary>How long the requests so far have waited for the source's rate limit, all together.</summary>
    public TimeSpan RateLimitWait => new(Interlocked.Read(ref _waitedTicks));

    /// <summary>Fetches the page. Errors end up in it; only a cancellation is thrown.</summary>
    public async Task FetchAsync(FetchedPage page, CancellationToken cancellationToken)
    {
        var open = new Queue<TimeRangeSet>([page.Planned.Missing]);
        try
        {
            while (open.TryDequeue(out TimeRangeSet? missing))
            {
                foreach (TimeRangeSet unanswered in await AskAsync(page, missing, cancellationToken))
                {
                    open.Enqueue(unanswered);
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception error)
        {
            page.Error = error;
        }
    }

    /// <summary>The last bar that is old enough for a "none" to be believed.</summary>
    public long LastSettledBar(DateTimeOffset now) => options.LastSettledBar(_stream.Interval, now);

    private async Task<List<TimeRangeSet>> AskAsync(FetchedPage page, TimeRangeSet missing, CancellationToken cancellationToken)
    {
        TimeRange asked = missing.Bounds!.Value;

        // Taken before the request: a bar that closes while the source is answering is not settled by that answer.
        DateTimeOffset now = timeProvider.GetUtcNow();
        RawBars raw = await retries.ExecuteAsync(
            token => RequestAsync(page, asked, token),
            (attempt, delay, error) =>
            {
                page.Retries++;
                raise(new BackfillRetrying(_stream, asked, attempt, delay, error));
            },
            cancellationToken);

        _notes.Tell(raw.Notes);
        ValidatedBars valid = raw.Validate(_stream.Interval, asked, _stream.Interval.LastClosedBar(timeProvider.GetUtcNow()));
        page.Rejected = page.Rejected.Plus(valid.Rejected);

        TimeRangeSet silent = valid.Silent.Intersect(missing);
        List<TimeRangeSet> unanswered = CutOff(raw, valid, silent);
        foreach (TimeRangeSet part in unanswered)
        {
            silent = silent.Subtract(part);
        }

        long settled = LastSettledBar(now);
        TimeRangeSet empty = settled >= asked.Start ? silent.Intersect(new TimeRange(asked.Start, settled)) : TimeRangeSet.Empty(_stream.Interval);
        TimeRangeSet settledByThis = unanswered.Aggregate(missing, static (rest, part) => rest.Subtract(part));
        page.Answers.Add(new BarPage(_fetcher.Name, valid.Frame.Intersect(missing), settledByThis, empty));
        return unanswered;
    }

    private async Task<RawBars> RequestAsync(FetchedPage page, TimeRange asked, CancellationToken cancellationToken)
    {
        await slots.WaitAsync(cancellationToken);
        long started = timeProvider.GetTimestamp();
        page.StartedAt ??= started;
        Exception? failure = null;
        try
        {
            HostPacer.Observe(OnWait);

            // A source that does not look at its token must not keep an operator waiting: it is left behind.
            return await _fetcher.FetchAsync(_stream, asked, cancellationToken).WaitAsync(cancellationToken)
                ?? throw new SourceException($"The source '{_fetcher.Name}' answered null for {_stream}. Where it has no bars it must answer an empty result.");
        }
        catch (Exception error)
        {
            failure = error;
            throw;
        }
        finally
        {
            slots.Release();
            page.Requests += failure is SourceException { IsUnsent: true } ? 0 : 1;
            raise(new BackfillSourceAsked(_stream, _fetcher.Name, asked, timeProvider.GetElapsedTime(started), failure));
        }
    }

    private void OnWait(TimeSpan delay)
    {
        Interlocked.Add(ref _waitedTicks, delay.Ticks);
        raise(new BackfillWaiting(_stream, _fetcher.Name, delay));
    }

    // A source that does not say how much it answers at once may have cut its answer at either end (some give the oldest
    // rows first, some the newest). What it did not reach is asked for by itself before its silence counts.
    private List<TimeRangeSet> CutOff(RawBars raw, ValidatedBars valid, TimeRangeSet silent)
    {
        if (_fetcher.BarsPerRequest is not null || raw.RowCount == 0 || valid.Frame.Bounds is not { } reached || silent.Bounds is not { } bounds)
        {
            return [];
        }

        var parts = new List<TimeRangeSet>(2);
        if (bounds.Start < reached.Start)
        {
            parts.Add(silent.Intersect(new TimeRange(bounds.Start, reached.Start)));
        }

        if (bounds.End > reached.End)
        {
            parts.Add(silent.Intersect(new TimeRange(reached.End, bounds.End)));
        }

        return parts;
    }
}
