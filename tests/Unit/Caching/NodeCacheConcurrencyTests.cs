using System.Collections.Concurrent;
using Qmtl.Caching;
using Qmtl.Data;
using Qmtl.Payloads;
using static Qmtl.Unit.Caching.CacheBars;

namespace Qmtl.Unit.Caching;

/// <summary>
/// Threads append, merge and read at once. What each brings is fixed, so the end is; and while they run, every reader checks that
/// what it sees could be.
/// </summary>
public class NodeCacheConcurrencyTests
{
    private const int Bars = 12_000;
    private const int BlockLength = 40;
    private const double Live = 0.25;
    private const double History = 0.5;

    // Bars that live threads bring: one in seven, and the last, which are newer than all history.
    private const int LastHistoryBar = Bars - 200;
    private const int Blocks = LastHistoryBar / BlockLength;

    private readonly ConcurrentQueue<string> _problems = [];
    private int _merged;

    [Theory]
    [InlineData(int.MaxValue, 0)]
    [InlineData(int.MaxValue, 3000)]
    [InlineData(int.MaxValue, int.MaxValue)]
    [InlineData(700, 0)]
    [InlineData(700, 500)]
    public async Task Whatever_meets_the_end_is_the_same_and_no_reader_sees_a_half_merge(int period, int inPlaceLimit)
    {
        var cache = new NodeCache(period, inPlaceLimit);
        using var done = new CancellationTokenSource();
        using var start = new Barrier(6);
        Task[] writers =
        [
            Run(start, () => AppendLive(cache, remainder: 0)),
            Run(start, () => AppendLive(cache, remainder: 1)),
            Run(start, () => MergeBlocks(cache, [.. Enumerable.Range(0, Blocks).Where(block => block % 2 == 0)])),
            Run(start, () => MergeBlocks(cache, [.. Enumerable.Range(0, Blocks).Where(block => block % 2 == 1).Reverse()])),
        ];
        Task[] readers = [.. Enumerable.Range(0, 2).Select(_ => Run(start, () => Read(cache, period == int.MaxValue, done.Token)))];

        await Task.WhenAll(writers);
        await done.CancelAsync();
        await Task.WhenAll(readers);

        Assert.Empty(_problems);
        long[] expected = [.. Enumerable.Range(0, Bars).Where(bar => bar < LastHistoryBar || IsLive(bar)).TakeLast(period).Select(bar => 60L * bar)];
        BarFrame end = cache.Slice(Btc, int.MaxValue);
        Assert.Equal(expected, end.Timestamps.ToArray());
        Assert.Equal(expected.Select(open => open + (IsLive(open / 60) ? Live : History)), ((BarColumn<double>)end.FindColumn("close")!).Values.ToArray());
        Assert.Equal(expected.Select(open => IsLive(open / 60)), cache.Find(Btc)!.Bars.Live.ToArray());
        Assert.Equal([new Qmtl.Time.TimeRange(0, 60 * (LastHistoryBar - 1))], cache.State.GetRanges(Btc));
    }

    [Fact]
    public async Task Dropping_while_others_write_loses_nothing_that_comes_after()
    {
        var cache = new NodeCache(100, inPlaceLimit: 10);
        using var start = new Barrier(3);

        await Task.WhenAll(
            Run(start, () => AppendLive(cache, remainder: 0)),
            Run(start, () => MergeBlocks(cache, [.. Enumerable.Range(0, Blocks)])),
            Run(start, () =>
            {
                for (int i = 0; i < 2000; i++)
                {
                    cache.Drop(Btc);
                }
            }));

        Assert.Empty(_problems);
        cache.Drop(Btc);
        Assert.True(cache.State.GetRanges(Btc).IsEmpty);
        cache.Append(Btc, 60, Close(1));
        Assert.Equal("60=1L", Describe(cache));
        Assert.Equal([Btc], cache.Upstreams);
    }

    private static bool IsLive(long bar) => bar % 7 == 0 || bar >= LastHistoryBar;

    private Task Run(Barrier start, Action action) => Task.Factory.StartNew(
        () =>
        {
            try
            {
                start.SignalAndWait();
                action();
            }
            catch (Exception exception)
            {
                _problems.Enqueue(exception.ToString());
            }
        },
        CancellationToken.None,
        TaskCreationOptions.LongRunning,
        TaskScheduler.Default);

    // Two threads share the live bars; each brings some of its own late, and none gets far ahead of the merges.
    private void AppendLive(NodeCache cache, int remainder)
    {
        int[] mine = [.. Enumerable.Range(0, Bars).Where(bar => IsLive(bar) && bar % 2 == remainder)];
        for (int i = 0; i < mine.Length; i++)
        {
            int late = (i % 10) switch { 3 when i + 1 < mine.Length => i + 1, 4 => i - 1, _ => i };
            Append(cache, mine[late]);
            SpinWait.SpinUntil(() => (long)Volatile.Read(ref _merged) * mine.Length >= (long)(i - 10) * Blocks || !_problems.IsEmpty);
        }
    }

    private static void Append(NodeCache cache, int bar)
    {
        double value = 60.0 * bar + Live;
        var row = new BarFrame(Minute, new[] { 60L * bar }, [new BarColumn<double>("open", new[] { value }), new BarColumn<double>("close", new[] { value })]);
        cache.Append(Btc, 60L * bar, Payload.FromBar(row.GetRow(0)));
    }

    private void MergeBlocks(NodeCache cache, int[] blocks)
    {
        foreach (int block in blocks)
        {
            long[] opens = [.. Enumerable.Range(block * BlockLength, BlockLength).Select(bar => 60L * bar)];
            double[] values = Array.ConvertAll(opens, open => open + History);
            cache.BackfillBulk(Btc, new BarFrame(Minute, opens, [new BarColumn<double>("open", values), new BarColumn<double>("close", values)]));
            Interlocked.Increment(ref _merged);
        }
    }

    private void Read(NodeCache cache, bool holdsAll, CancellationToken done)
    {
        var live = new HashSet<long>();
        var merged = new HashSet<long>();
        int count = 0;
        while (!done.IsCancellationRequested && _problems.IsEmpty)
        {
            BarFrame seen = cache.Slice(Btc, int.MaxValue);
            if (cache.Latest(Btc) is { } latest && (double)latest.Payload.Bar["close"]! - latest.Timestamp is not (Live or History))
            {
                _problems.Enqueue($"The newest bar {latest.Timestamp} is {latest.Payload.Bar["close"]}.");
            }

            if (seen.Count < count)
            {
                _problems.Enqueue($"There were {count} bars, then {seen.Count}.");
            }

            count = seen.Count;
            foreach (string problem in Problems(seen, holdsAll, live, merged))
            {
                _problems.Enqueue(problem);
            }
        }
    }

    private static IEnumerable<string> Problems(BarFrame seen, bool holdsAll, HashSet<long> live, HashSet<long> merged)
    {
        if (seen.Count == 0)
        {
            yield break;
        }

        ReadOnlyMemory<double> open = ((BarColumn<double>)seen.FindColumn("open")!).Values;
        ReadOnlyMemory<double> close = ((BarColumn<double>)seen.FindColumn("close")!).Values;
        var blocks = new Dictionary<long, (int History, int Live)>();
        for (int i = 0; i < seen.Count; i++)
        {
            long timestamp = seen.TimestampMemory.Span[i];
            double kind = close.Span[i] - timestamp;
            if (i > 0 && timestamp <= seen.TimestampMemory.Span[i - 1])
            {
                yield return $"{timestamp} came after {seen.TimestampMemory.Span[i - 1]}.";
            }

            if (open.Span[i] != close.Span[i] || kind is not (Live or History))
            {
                yield return $"Bar {timestamp} is {open.Span[i]}, {close.Span[i]}: of two bars.";
            }

            if (kind == Live)
            {
                live.Add(timestamp);
            }
            else if (live.Contains(timestamp))
            {
                yield return $"Bar {timestamp} was live and became history.";
            }

            (int history, int inBlock) = blocks.GetValueOrDefault(timestamp / 60 / BlockLength);
            blocks[timestamp / 60 / BlockLength] = kind == Live ? (history, inBlock + 1) : (history + 1, inBlock);
        }

        if (holdsAll)
        {
            // A block is merged whole, and once merged it stays; the period would cut the oldest.
            foreach ((long block, (int history, int inBlock)) in blocks)
            {
                bool isThere = history > 0;
                if ((isThere && history + inBlock != BlockLength) || (!isThere && merged.Contains(block)))
                {
                    yield return $"Block {block} is there with {history} + {inBlock} bars.";
                }

                if (isThere)
                {
                    merged.Add(block);
                }
            }
        }
    }
}
