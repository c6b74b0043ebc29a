using System.Collections.Concurrent;
using System.Globalization;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.History;
using Qmtl.Time;

namespace Qmtl.Backfill;

/// <summary>Asks a source, of which the name is given, for one planned page and checks what it answers.</summary>
internal sealed class PageFetcher(
    BackfillRequest request,
    string source,
    BackfillOptions options,
    RetryPolicy retries,
    SemaphoreSlim slots,
    TimeProvider timeProvider,
    Action<BackfillEvent> raise)
{
    // So many files that could not be reached say that none can be at present.
    private const int MostFilesOutOfReach = 3;

    private readonly StreamKey _stream = request.Stream;
    private readonly IDataFetcher _fetcher = request.Fetcher;
    private readonly SourceNotes _notes = new(note => raise(new BackfillSourceNote(request.Stream, source, note)));
    private readonly BadBarTally _badBars = new(request.Stream, source, options.OnBadBar);
    private readonly Lazy<ConcurrentDictionary<long, bool>> _farRows = new();
    private BarInterval? _evidentInterval;
    private int _filesOutOfReach;
    private long _waitedTicks;

    /// <summary>How long the requests so far have waited for the source's rate limit, all together.</summary>
    public TimeSpan RateLimitWait => new(Interlocked.Read(ref _waitedTicks));

    /// <summary>Tells what is to be known at the end, of all pages together.</summary>
    public void Complete()
    {
        foreach (SourceNote note in _badBars.Notes())
        {
            raise(new BackfillSourceNote(_stream, source, note));
        }
    }

    /// <summary>Fetches the page. Errors end up in it; only a cancellation is thrown.</summary>
    public async Task FetchAsync(FetchedPage page, CancellationToken cancellationToken)
    {
        try
        {
            var open = new Queue<Question>(
                page.Planned.IsFile ? await TakeFileAsync(page, cancellationToken) : [new Question(page.Planned.Missing)]);
            while (open.TryDequeue(out Question? question))
            {
                foreach (Question rest in await AskAsync(page, question, cancellationToken))
                {
                    open.Enqueue(rest);
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

    // What the file has is taken. What it lacks is asked of the source itself: only that can say that a bar does not exist.
    private async Task<IEnumerable<Question>> TakeFileAsync(FetchedPage page, CancellationToken cancellationToken)
    {
        TimeRangeSet missing = page.Planned.Missing;
        TimeRange file = page.Planned.Range;
        if (Volatile.Read(ref _filesOutOfReach) >= MostFilesOutOfReach)
        {
            return Windows(missing);
        }

        try
        {
            // Not tried again: the pages that a file would save are there at once.
            RawBars raw = await AskOnceAsync(
                page, file, () => ((IBulkSource)_fetcher).ReadFileAsync(_stream, file, cancellationToken), cancellationToken);
            page.Requests += raw.Requests - 1;
            ValidatedBars valid = raw.Validate(_stream.Interval, file, _stream.Interval.LastClosedBar(timeProvider.GetUtcNow()));
            if (valid.EvidentInterval is { } other)
            {
                throw new SourceException($"its rows are evidently {other} bars");
            }

            BarFrame frame = valid.Frame.Intersect(missing);
            TimeRangeSet told = frame.ToRangeSet();
            _badBars.Examine(frame);
            page.Answers.Add(new BarPage(source, frame, told, TimeRangeSet.Empty(_stream.Interval)));
            missing = missing.Subtract(told);
        }
        catch (SourceException error)
        {
            Interlocked.Add(ref _filesOutOfReach, error.IsTransient ? 1 : 0);
            _notes.Tell([new SourceNote(
                SourceNoteKind.BulkFile,
                $"the file of {UnixTime.Format(file.Start)} to {UnixTime.Format(file.End)} is not used, and its bars are asked for one "
                    + "page after "
                    + $"the other: {error.Message.TrimEnd('.')}")]);
        }

        return Windows(missing);
    }

    private IEnumerable<Question> Windows(TimeRangeSet missing) =>
        BackfillPlanner.Plan(missing, BarsFrom).Select(static window => new Question(window.Missing));

    /// <summary>The last bar that is old enough for a "none" to be believed.</summary>
    public long LastSettledBar(DateTimeOffset now) => options.LastSettledBar(_stream.Interval, now);

    /// <summary>The most bars of a request that begins at <paramref name="start"/>.</summary>
    public int BarsFrom(long start) => Math.Max(1, _fetcher.GetBarsPerRequest(_stream, start) ?? options.DefaultBarsPerRequest);

    private async Task<List<Question>> AskAsync(FetchedPage page, Question question, CancellationToken cancellationToken)
    {
        TimeRangeSet missing = question.Missing;

        // Taken before the request: a bar that closes while the source is answering is not settled by that answer.
        DateTimeOffset now = timeProvider.GetUtcNow();
        long lastClosed = _stream.Interval.LastClosedBar(now);
        TimeRange asked = question.Range(lastClosed);
        RawBars raw = await retries.ExecuteAsync(
            token => RequestAsync(page, asked, token),
            (attempt, delay, error) =>
            {
                page.Retries++;
                raise(new BackfillRetrying(_stream, asked, attempt, delay, error));
            },
            cancellationToken);

        page.Requests += raw.Requests - 1;
        now = EarlierClock(now, raw);
        _notes.Tell(raw.Notes);
        RequireSeconds(raw);
        ValidatedBars valid = AnswerEvidence.BesideFarRow(
            raw, raw.Validate(_stream.Interval, asked, LastClosedBar(now, raw), options.OffGrid), asked, _farRows);
        page.Rejected = page.Rejected.Plus(valid.Rejected);
        RefuseOtherInterval(asked, valid);
        BarFrame frame = valid.Frame.Intersect(missing);
        _badBars.Examine(frame);

        List<Question> rest = question.Rest(valid, BarsFrom(asked.Start), lastClosed);
        if (_fetcher.GetReach(_stream) is { } reach)
        {
            // Meanwhile the source may have let go of its oldest bars; nobody asks for them any more.
            rest.RemoveAll(part => part.Missing.Bounds!.Value.End < reach.OldestBar);
        }

        TimeRangeSet settledByThis = rest.Aggregate(missing, static (left, part) => left.Subtract(part.Missing));
        long settled = LastSettledBar(now);
        TimeRangeSet silent = valid.Silent.Intersect(missing);
        TimeRangeSet empty = options.LearnsEmpty && settled >= asked.Start
            ? silent.Intersect(new TimeRange(asked.Start, settled))
            : TimeRangeSet.Empty(_stream.Interval);
        page.Answers.Add(new BarPage(source, frame, settledByThis, empty));
        return rest;
    }

    // A machine whose clock is ahead would take bars that the source has not closed.
    private DateTimeOffset EarlierClock(DateTimeOffset now, RawBars raw)
    {
        if (!IsBehind(now, raw))
        {
            return now;
        }

        string seconds = (now - raw.AnsweredAt!.Value).TotalSeconds.ToString("0", CultureInfo.InvariantCulture);
        _notes.Tell([new SourceNote(
            SourceNoteKind.SourceClock,
            $"its clock is {seconds} s behind this machine's; bars that it has not closed are not taken. Set this machine's clock, if it "
                + $"is the wrong one")]);
        return raw.AnsweredAt.Value;
    }

    private bool IsBehind(DateTimeOffset now, RawBars raw) => now - raw.AnsweredAt > options.SettleTimeOf(_stream.Interval);

    private long LastClosedBar(DateTimeOffset asked, RawBars raw)
    {
        DateTimeOffset now = timeProvider.GetUtcNow();
        return _stream.Interval.LastClosedBar(IsBehind(now, raw) ? asked : now);
    }

    private void RefuseOtherInterval(TimeRange asked, ValidatedBars valid)
    {
        // What one answer has made evident holds for all later ones of the run, which may be too short to tell by themselves.
        _evidentInterval ??= valid.EvidentInterval;
        if (_evidentInterval is { } other)
        {
            throw new SourceException(
                $"The rows of {source} for {_stream} are evidently {other} bars, as they open every {other}. Nothing of those in {asked} "
                    + $"was stored or learnt. "
                + $"Ask for {other}, or a source that has {_stream.Interval} bars; where a market really trades so seldom and so "
                + $"regularly, ask for shorter ranges.");
        }
    }

    // Rows are read by the size of their times; what a program gives as Unix seconds is not, and would only be "outside the asked range".
    private void RequireSeconds(RawBars raw)
    {
        if (!raw.Timestamps.IsEmpty
            && TimeNumbers.ComplaintOf(raw.Timestamps.Span[0]) is { } complaint
            && TimeNumbers.ComplaintOf(raw.Timestamps.Span[^1]) is not null)
        {
            throw new SourceException($"The source '{source}' gave timestamps that are no Unix seconds: {complaint}");
        }
    }

    private Task<RawBars> RequestAsync(FetchedPage page, TimeRange asked, CancellationToken cancellationToken) => AskOnceAsync(
        page,
        asked,

        // The range ends with the last second of the last bar, so that a row of it that opens late is seen, too.
        () => _fetcher.FetchPacedAsync(_stream, _stream.Interval.TimeOf(asked), OnWait, cancellationToken),
        cancellationToken);

    private async Task<RawBars> AskOnceAsync(
        FetchedPage page, TimeRange asked, Func<Task<RawBars>> ask, CancellationToken cancellationToken)
    {
        await slots.WaitAsync(cancellationToken);
        long started = timeProvider.GetTimestamp();
        page.StartedAt ??= started;
        Exception? failure = null;
        try
        {
            // A source that does not look at its token must not keep an operator waiting: it is left behind.
            return await ask().WaitAsync(cancellationToken)
                ?? throw new SourceException(
                    $"The source '{source}' answered null for {_stream}. Where it has no bars it must answer an empty result.");
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
            raise(new BackfillSourceAsked(_stream, source, asked, timeProvider.GetElapsedTime(started), failure));
        }
    }

    private void OnWait(TimeSpan delay)
    {
        Interlocked.Add(ref _waitedTicks, delay.Ticks);
        raise(new BackfillWaiting(_stream, source, delay));
    }
}
