using System.Globalization;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.History;
using Qmtl.Time;

namespace Qmtl.RecorderChild;

/// <summary>Completes the newest bar of many streams, again and again, from a source that has every bar.</summary>
internal static class NewestBarsRun
{
    private static readonly BarInterval Minute = BarInterval.FromSeconds(60);

    public static async Task RunAsync(string storeName, int streams, long first, long bars)
    {
        await using IHistoryStore store = HistoryStoreFactory.Open(storeName);
        var source = new DelegateFetcher("all", static (_, range, _) =>
        {
            long[] opens = [.. Enumerable.Range(0, (int)range.CountBars(Minute)).Select(bar => range.Start + (bar * 60L))];
            return Task.FromResult(new RawBars(opens, [new BarColumn<double>("close", Array.ConvertAll(opens, open => open / 60.0))]));
        });
        var newest = new NewestBars();
        for (long bar = first; bar < first + bars; bar++)
        {
            var range = new TimeRange(Math.Max(0, bar - 2) * 60, bar * 60);
            List<string> left = [.. Enumerable.Range(0, streams).Select(number => string.Create(CultureInfo.InvariantCulture, $"N{number}"))];
            while (left.Count > 0)
            {
                List<BackfillResult> results = await newest.RunAsync(left.Select(
                    node => new BackfillRequest(store, source, new StreamKey(node, Minute), [range]))).ToListAsync();
                if (results.Find(result => result.Status != BackfillStatus.Completed && result.Obstacle is null) is { } failed)
                {
                    throw new InvalidOperationException($"{failed.Stream}: {failed.Status} {failed.Error?.Message}");
                }

                // A server takes a moment to see that a process is gone, with its claims.
                left = [.. results.Where(result => result.Obstacle is not null).Select(result => result.Stream.NodeId)];
            }

            Console.Out.WriteLine((bar + 1).ToString(CultureInfo.InvariantCulture));
            Console.Out.Flush();
        }

        Console.Out.WriteLine("done");
    }
}
