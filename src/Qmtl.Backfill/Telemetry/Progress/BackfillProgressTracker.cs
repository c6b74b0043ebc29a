using System.Globalization;
using Qmtl.Backfill;
using Qmtl.Data;

namespace Qmtl.Telemetry.Progress;

/// <summary>
/// Knows from the engine's events how far a run is, for progress displays. Time left is counted in requests, because a page with one
/// missing bar takes as long as a full one, and what costs no request is not taken for speed. Safe for use from several threads.
/// </summary>
public sealed class BackfillProgressTracker
{
    private readonly Lock _gate = new();
    private readonly TimeProvider _timeProvider;
    private readonly int _streams;
    private readonly List<StreamCount> _active = [];
    private readonly WorkCount _all;
    private int _ended;
    private int _planned;

    /// <summary>A tracker of a run that begins now.</summary>
    /// <param name="streams">How many requests the run has (<see cref="BackfillRequest"/>); each is of one stream.</param>
    /// <param name="timeProvider">The clock.</param>
    public BackfillProgressTracker(int streams, TimeProvider timeProvider)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(streams);
        ArgumentNullException.ThrowIfNull(timeProvider);
        _streams = streams;
        _timeProvider = timeProvider;
        _all = new WorkCount(timeProvider);
    }

    /// <summary>Takes note of an event.</summary>
    public void Add(BackfillEvent happened)
    {
        ArgumentNullException.ThrowIfNull(happened);
        lock (_gate)
        {
            if (happened is BackfillStarted)
            {
                _active.Add(new StreamCount(happened.Stream, _timeProvider));
            }
            else if (_active.Find(count => count.Stream == happened.Stream) is { } count)
            {
                AddTo(count, happened);
            }
        }
    }

    /// <summary>How far the run is now.</summary>
    public BackfillProgress Read()
    {
        lock (_gate)
        {
            bool isKnown = _planned == _streams;
            return new BackfillProgress(
                _streams,
                _ended,
                _all.BarsDone,
                isKnown ? _all.BarsPlanned : null,
                _streams == 0 ? 1 : Math.Min(1, (_ended + _active.Sum(count => count.Fraction ?? 0)) / _streams),
                _all.BarsPerSecond,
                isKnown ? _all.TimeLeft : null,
                [.. _active.Select(count => count.Read())]);
        }
    }

    private void AddTo(StreamCount count, BackfillEvent happened)
    {
        switch (happened)
        {
            case BackfillPlanned plan:
                count.IsPlanned = true;
                count.Work.Plan(plan.BarsMissing, plan.Requests);
                _all.Plan(plan.BarsMissing, plan.Requests);
                _planned++;
                break;
            case BackfillPageCommitted page:
                count.Waiting = null;
                count.Work.Commit(page);
                _all.Commit(page);
                break;
            case BackfillRetrying retry:
                count.Waiting = string.Create(
                    CultureInfo.InvariantCulture, $"retry {retry.Attempt} in {retry.Delay.TotalSeconds:0.0} s: {retry.Error.Message}");
                break;
            case BackfillWaiting wait:
                count.Waiting = $"waiting for the rate limit of {wait.Source}";
                break;
            case BackfillSourceAsked { Error: null }:
                count.Waiting = null;
                break;
            case BackfillEnded:
                // What a stream that failed or was cancelled did not do will not be done.
                _all.Plan(count.Work.BarsDone - count.Work.BarsPlanned, -count.Work.RequestsLeft);
                _planned += count.IsPlanned ? 0 : 1;
                _active.Remove(count);
                _ended++;
                break;
        }
    }

    /// <summary>Bars and requests, of a stream or of all.</summary>
    private sealed class WorkCount(TimeProvider timeProvider)
    {
        // They begin with the first plan: looking into the store is not what they are to measure.
        private RateEstimator? _bars;
        private RateEstimator? _requests;

        public long BarsDone { get; private set; }

        public long BarsPlanned { get; private set; }

        public long RequestsLeft { get; private set; }

        public double? BarsPerSecond => _bars?.PerSecond;

        public TimeSpan? TimeLeft => _requests?.TimeFor(RequestsLeft);

        public void Plan(long bars, long requests)
        {
            _bars ??= new RateEstimator(timeProvider);
            _requests ??= new RateEstimator(timeProvider);
            BarsPlanned += bars;
            RequestsLeft += requests;
        }

        public void Commit(BackfillPageCommitted page)
        {
            BarsDone += page.BarsAsked;
            if (page.Requests > 0)
            {
                RequestsLeft--;
                _bars?.Add(page.BarsAsked);
                _requests?.Add(1);
            }
        }
    }

    private sealed class StreamCount(StreamKey stream, TimeProvider timeProvider)
    {
        public StreamKey Stream { get; } = stream;

        public WorkCount Work { get; } = new(timeProvider);

        public bool IsPlanned { get; set; }

        public string? Waiting { get; set; }

        public double? Fraction => !IsPlanned ? null : Work.BarsPlanned == 0 ? 1 : Math.Min(1, (double)Work.BarsDone / Work.BarsPlanned);

        public StreamProgress Read() => new(
            Stream,
            Work.BarsDone,
            IsPlanned ? Work.BarsPlanned : null,
            Fraction,
            Work.BarsPerSecond,
            IsPlanned ? Work.TimeLeft : null,
            Waiting);
    }
}
