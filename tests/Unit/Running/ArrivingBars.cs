using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.History;
using Qmtl.Keeping;
using Qmtl.Time;

namespace Qmtl.Unit.Running;

/// <summary>
/// A store whose bars arrive when a test says so, in any order, and what tells of them: it cannot be filled, for the test is its source.
/// </summary>
internal sealed class ArrivingBars(int barsPerPage = 1000) : IHistoryProvider, IBarWatch
{
    private readonly Lock _gate = new();
    private readonly Dictionary<StreamKey, SortedDictionary<long, double?>> _streams = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string DisplayName => "arriving";

    public string? Obstacle => "nobody fills it";

    public BackfillOptions Options { get; } = new() { MaxRetries = 0 };

    /// <summary>Thrown by the next read, once.</summary>
    public Exception? Failure { get; set; }

    /// <summary>The stream that cannot be read at present, or null.</summary>
    public StreamKey? Away { get; set; }

    /// <summary>How many bars were read.</summary>
    public int Read { get; private set; }

    /// <summary>A bar arrives; null where it becomes known that there is none.</summary>
    public void Arrive(StreamKey stream, long open, double? close)
    {
        lock (_gate)
        {
            Of(stream)[open] = close;
            _changed.SetResult();
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    public async ValueTask<long> WaitForBarAfterAsync(StreamKey stream, long after, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            Task changed;
            lock (_gate)
            {
                long complete = after;
                while (Of(stream).ContainsKey(stream.Interval.Next(complete)))
                {
                    complete = stream.Interval.Next(complete);
                }

                if (complete > after)
                {
                    return complete;
                }

                changed = _changed.Task;
            }

            await changed.WaitAsync(cancellationToken);
        }
    }

    public IAsyncEnumerable<BarFrame> FetchAsync(StreamKey stream, TimeRange range, CancellationToken cancellationToken = default)
    {
        RequireNotAway(stream);
        if (Failure is { } failure)
        {
            Failure = null;
            throw failure;
        }

        lock (_gate)
        {
            KeyValuePair<long, double?>[] bars = [.. Of(stream).Where(bar => bar.Value is not null && range.Contains(bar.Key))];
            Read += bars.Length;
            return bars.Chunk(barsPerPage)
                .Select(page => FrameOf(stream.Interval, page.Select(bar => (bar.Key, bar.Value!.Value))))
                .ToList()
                .ToAsyncEnumerable();
        }
    }

    public Task<TimeRangeSet> GetCoverageAsync(StreamKey stream, TimeRange? within = null, CancellationToken cancellationToken = default)
    {
        RequireNotAway(stream);
        return Task.FromResult(SetOf(stream, within, close => close is not null));
    }

    public Task<TimeRangeSet> GetKnownEmptyAsync(
        StreamKey stream, string? source = null, TimeRange? within = null, CancellationToken cancellationToken = default) =>
        Task.FromResult(SetOf(stream, within, close => close is null));

    public Task FillMissingAsync(StreamKey stream, TimeRange range, CancellationToken cancellationToken = default) =>
        throw new InvalidOperationException("Nobody fills it.");

    /// <summary>Bars with a close each.</summary>
    public static BarFrame FrameOf(BarInterval interval, IEnumerable<(long Open, double Close)> bars)
    {
        (long Open, double Close)[] all = [.. bars];
        return new BarFrame(
            interval,
            Array.ConvertAll(all, bar => bar.Open),
            [new BarColumn<double>("close", Array.ConvertAll(all, bar => bar.Close))]);
    }

    private void RequireNotAway(StreamKey stream)
    {
        if (stream == Away)
        {
            throw new StoreException("The store is away.") { IsTransient = true };
        }
    }

    private TimeRangeSet SetOf(StreamKey stream, TimeRange? within, Func<double?, bool> chooses)
    {
        lock (_gate)
        {
            var all = TimeRangeSet.FromTimestamps(
                stream.Interval, Of(stream).Where(bar => chooses(bar.Value)).Select(bar => bar.Key).ToArray());
            return within is { } range ? all.Intersect(range) : all;
        }
    }

    private SortedDictionary<long, double?> Of(StreamKey stream)
    {
        if (!_streams.TryGetValue(stream, out SortedDictionary<long, double?>? bars))
        {
            _streams[stream] = bars = [];
        }

        return bars;
    }
}
