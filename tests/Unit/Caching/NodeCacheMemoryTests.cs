using Qmtl.Caching;
using Qmtl.Data;
using Qmtl.Payloads;
using static Qmtl.Unit.Caching.CacheBars;

namespace Qmtl.Unit.Caching;

public class NodeCacheMemoryTests
{
    private const int Bars = 20_000;

    [Fact]
    public void Live_bars_need_no_memory_once_the_arrays_are_long_enough()
    {
        var cache = new NodeCache(100);
        BarFrame frame = SixColumns(0, Bars);
        BarFrame[] rows = [.. Enumerable.Range(Bars, 2000).Select(i => SixColumns(i, 1))];
        cache.Append(Btc, 0, 1.0);
        AppendAll(cache, frame, 0, 1000);

        long before = GC.GetAllocatedBytesForCurrentThread();
        AppendAll(cache, frame, 1000, Bars - 1000);
        foreach (BarFrame row in rows)
        {
            AppendAll(cache, row, 0, 1);
        }

        // Late ones too, and the newest again and again.
        AppendAll(cache, frame, Bars - 90, 1);
        AppendAll(cache, rows[^1], 0, 1);

        // The compiler's own share, some kilobytes, is allowed for: the smallest object for each of the last frames would be 48,000 bytes.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 16_384);
        Assert.Equal(60L * (Bars + rows.Length - 1), cache.LastTimestamp(Btc));
    }

    [Fact]
    public void Resident_bytes_are_those_that_were_allocated()
    {
        var cache = new NodeCache(Bars);
        BarFrame frame = SixColumns(0, Bars);

        // What the whole process holds depends on the tests beside this one; what a thread allocates does not.
        long before = GC.GetAllocatedBytesForCurrentThread();
        cache.BackfillBulk(Btc, frame);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.InRange(cache.ResidentBytes, 57L * Bars, 72L * Bars);
        Assert.InRange(allocated - cache.ResidentBytes, 0, 65_536);
    }

    [Fact]
    public void A_long_period_takes_no_memory_before_the_bars_come()
    {
        var cache = new NodeCache(int.MaxValue);
        cache.Append(Btc, 60, Close(1));

        Assert.InRange(cache.ResidentBytes, 1, 2000);
    }

    [Fact]
    public void Null_marks_are_made_where_a_null_came_and_only_there()
    {
        var cache = new NodeCache(100);
        AppendAll(cache, SixColumns(0, 200), 0, 200);
        long without = cache.ResidentBytes;

        cache.Append(Btc, 60_000, Bar(Enumerable.Range(0, 5).Select(i => (BarColumn)new BarColumn<double>($"c{i}", new[] { 1.0 })).ToArray()));

        Assert.InRange(cache.ResidentBytes - without, 100, 250);
    }

    private static BarFrame SixColumns(int first, int bars) => new(
        Minute,
        Enumerable.Range(first, bars).Select(i => 60L * i).ToArray(),
        [.. Enumerable.Range(0, 6).Select(column => new BarColumn<double>($"c{column}", Enumerable.Range(first, bars).Select(i => i + column * 0.1).ToArray()))]);

    private static void AppendAll(NodeCache cache, BarFrame frame, int start, int count)
    {
        for (int i = start; i < start + count; i++)
        {
            cache.Append(Btc, frame.Timestamps[i], Payload.FromBar(frame.GetRow(i)));
        }
    }
}
