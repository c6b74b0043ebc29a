using System.Diagnostics;
using Qmtl.Bench.Data;
using Qmtl.Bench.Harness;
using Qmtl.Caching;
using Qmtl.Data;
using Qmtl.Payloads;

namespace Qmtl.Bench.Comparisons;

/// <summary>What a node's cache takes in: history in bulk, and live bars one at a time.</summary>
internal sealed class CacheMerge : IComparisonSet
{
    private const int Million = 1_000_000;
    private const int LivePeriod = 1000;

    private BarFrame _all = BarFrame.Empty(SyntheticBars.Minute);
    private BarFrame _odd = BarFrame.Empty(SyntheticBars.Minute);
    private BarFrame[] _pages = [];

    public string Name => "cache-merge";

    public Task<string?> PrepareAsync()
    {
        _all = CacheFrames.Make(Million);
        _odd = CacheFrames.Make(Million / 2, first: 1, step: 2);
        _pages = [.. Enumerable.Range(0, Million / 1000).Select(page => CacheFrames.Make(1000, page * 1000))];
        return Task.FromResult<string?>(null);
    }

    public IEnumerable<Comparison> Comparisons()
    {
        const string Reference = "the reference: 20 thousand bars/s";
        yield return Merge("bulk merge of 1 M bars into an empty cache", Reference, static _ => { });
        yield return Merge("bulk merge of 1 M bars into a cache that holds every second of them", Reference, cache => cache.BackfillBulk(SyntheticBars.Stream, _odd));
        yield return Merge("the same, those held being live", Reference, cache => AppendAll(cache, _odd));
        yield return new Comparison(
            "bulk merge of 1 M bars in pages of 1000, a live bar after each", Reference, Goal.RateAtLeast(5, Million, "bars"), MergePagesAsync);
        yield return Append("append of live bars, period 1000", LivePeriod);
        yield return Append("append of live bars, period 1 M", Million);
        yield return new Comparison("append of live numbers, period 1000", string.Empty, Goal.RateAtLeast(10, Million, "bars"), AppendNumbersAsync);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static void AppendAll(NodeCache cache, BarFrame bars)
    {
        ReadOnlySpan<long> timestamps = bars.Timestamps;
        for (int i = 0; i < timestamps.Length; i++)
        {
            cache.Append(SyntheticBars.Stream, timestamps[i], Payload.FromBar(bars.GetRow(i)));
        }
    }

    private Comparison Merge(string what, string against, Action<NodeCache> prepare) => new(what, against, Goal.RateAtLeast(5, Million, "bars"), () =>
    {
        var cache = new NodeCache(Million);
        prepare(cache);
        long started = Stopwatch.GetTimestamp();
        cache.BackfillBulk(SyntheticBars.Stream, _all);
        TimeSpan elapsed = Stopwatch.GetElapsedTime(started);
        return cache.Count(SyntheticBars.Stream) == Million ? Task.FromResult(elapsed) : throw new InvalidOperationException("Not all bars are held.");
    });

    // Warmed up until the arrays are as long as they will ever be, then timed over the bars that come after.
    private Comparison Append(string what, int period) => new(what, string.Empty, Goal.RateAtLeast(10, Million, "bars"), () =>
    {
        var cache = new NodeCache(period);
        AppendAll(cache, _all);
        AppendAll(cache, CacheFrames.Make(Million / 2, Million));
        BarFrame next = CacheFrames.Make(Million, Million + Million / 2);
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        long started = Stopwatch.GetTimestamp();
        AppendAll(cache, next);
        TimeSpan elapsed = Stopwatch.GetElapsedTime(started);
        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;

        // The compiler may allocate a little when it compiles the loop anew while it runs; a bar must not.
        return allocated < Million / 100 ? Task.FromResult(elapsed) : throw new InvalidOperationException($"{allocated} bytes were allocated.");
    });

    private Task<TimeSpan> AppendNumbersAsync()
    {
        var cache = new NodeCache(LivePeriod);
        long started = Stopwatch.GetTimestamp();
        for (int i = 0; i < Million; i++)
        {
            cache.Append(SyntheticBars.Stream, SyntheticBars.Start + 60L * i, i * 0.5);
        }

        return Task.FromResult(Stopwatch.GetElapsedTime(started));
    }

    private Task<TimeSpan> MergePagesAsync()
    {
        var cache = new NodeCache(Million + 1000);
        long started = Stopwatch.GetTimestamp();
        for (int page = 0; page < _pages.Length; page++)
        {
            cache.BackfillBulk(SyntheticBars.Stream, _pages[page]);
            cache.Append(SyntheticBars.Stream, SyntheticBars.Start + 60L * (Million + page), Payload.FromBar(_all.GetRow(page)));
        }

        return Task.FromResult(Stopwatch.GetElapsedTime(started));
    }
}
