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
    private readonly StreamKey _stream = request.Stream;
    private readonly IDataFetcher _fetcher = request.Fetcher;
    private readonly SourceNotes _notes = new(note => raise(new BackfillSourceNote(request.Stream, source, note)));
    private BarInterval? _evidentInterval;
    private long _waitedTicks;

    /// <summary>How long the requests so far have waited for the source's rate limit, all together.</summary>
    public TimeSpan RateLimitWait => new(Interlocked.Read(ref _waitedTicks));

    /// <summary>Fetches the page. Errors end up in it; only a cancellation is thrown.</summary>
    public async Task FetchAsync(FetchedPage page, CancellationToken cancellationToken)
    {
        var open = new Queue<Question>([new Question(page.Planned.Missing)]);
        try
        {
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
        ValidatedBars valid = raw.Validate(_stream.Interval, asked, LastClosedBar(now, raw), options.OffGrid);
        page.Rejected = page.Rejected.Plus(valid.Rejected);
        RefuseOtherInterval(asked, valid);
        TellOfZeros(valid.Frame);

        List<Question> rest = question.Rest(valid, BarsFrom(asked.Start), lastClosed);
        TimeRangeSet settledByThis = rest.Aggregate(missing, static (left, part) => left.Subtract(part.Missing));
        long settled = LastSettledBar(now);
        TimeRangeSet silent = valid.Silent.Intersect(missing);
        TimeRangeSet empty = settled >= asked.Start
            ? silent.Intersect(new TimeRange(asked.Start, settled))
            : TimeRangeSet.Empty(_stream.Interval);
        page.Answers.Add(new BarPage(source, valid.Frame.Intersect(missing), settledByThis, empty));
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

    private void TellOfZeros(BarFrame frame)
    {
        (long count, long first) = ZeroBars.Find(frame);
        if (count > 0)
        {
            _notes.Tell([new SourceNote(
                SourceNoteKind.ZeroBars,
                $"bars of nothing but zeros are suspicious (the first is {UnixTime.Format(first)}); they are stored as they came, and some "
                    + $"sources answer so where they have none")]);
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

    private async Task<RawBars> RequestAsync(FetchedPage page, TimeRange asked, CancellationToken cancellationToken)
    {
        await slots.WaitAsync(cancellationToken);
        long started = timeProvider.GetTimestamp();
        page.StartedAt ??= started;
        Exception? failure = null;
        try
        {
            // A source that does not look at its token must not keep an operator waiting: it is left behind.
            // The range ends with the last second of the last bar, so that a row of it that opens late is seen, too.
            TimeRange range = _stream.Interval.TimeOf(asked);
            return await _fetcher.FetchPacedAsync(_stream, range, OnWait, cancellationToken).WaitAsync(cancellationToken)
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
