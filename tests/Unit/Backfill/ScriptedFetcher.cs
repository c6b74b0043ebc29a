using System.Collections.Concurrent;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.Time;

namespace Qmtl.Unit.Backfill;

/// <summary>
/// A source for tests of the engine: has every bar but its holes, records what it was asked, and misbehaves when told to.
/// </summary>
internal sealed class ScriptedFetcher : IDataFetcher
{
    private readonly ConcurrentQueue<TimeRange> _asked = new();
    private int _calls;

    public string Name { get; init; } = "scripted";

    public int? BarsPerRequest { get; init; } = 1000;

    public long? Earliest { get; init; }

    public HashSet<long> Holes { get; init; } = [];

    /// <summary>Replaces the answer: the range, the number of the call from 1, and what an honest source would say.</summary>
    public Func<TimeRange, int, RawBars, CancellationToken, Task<RawBars>> Answer { get; set; } = (_, _, honest, _) => Task.FromResult(honest);

    /// <summary>Whom the latest call wants told of waits for a rate limit.</summary>
    public Action<TimeSpan>? OnWait { get; private set; }

    public IReadOnlyCollection<TimeRange> Asked => _asked;

    public static RawBars Bars(params IEnumerable<long> timestamps)
    {
        long[] opens = [.. timestamps];
        return new RawBars(opens, [new BarColumn<double>("close", Array.ConvertAll(opens, open => (double)open))]);
    }

    public long? GetEarliestBar(StreamKey stream) => Earliest;

    public Task<RawBars> FetchPacedAsync(StreamKey stream, TimeRange range, Action<TimeSpan> onWait, CancellationToken cancellationToken)
    {
        OnWait = onWait;
        return FetchAsync(stream, range, cancellationToken);
    }

    public Task<RawBars> FetchAsync(StreamKey stream, TimeRange range, CancellationToken cancellationToken)
    {
        // The end is the last second of the last bar; the bars are what a test asks about.
        range = range.AlignTo(stream.Interval)!.Value;
        int call = Interlocked.Increment(ref _calls);
        _asked.Enqueue(range);
        var timestamps = new List<long>();
        for (long timestamp = range.Start; timestamp <= range.End; timestamp += stream.Interval.Seconds)
        {
            if (!Holes.Contains(timestamp))
            {
                timestamps.Add(timestamp);
            }
        }

        return Answer(range, call, Bars(timestamps), cancellationToken);
    }
}
