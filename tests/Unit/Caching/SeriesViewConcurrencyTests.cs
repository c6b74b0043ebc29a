using System.Collections.Concurrent;
using Qmtl.Caching;
using Qmtl.Data;
using Qmtl.Payloads;
using static Qmtl.Unit.Caching.CacheBars;

namespace Qmtl.Unit.Caching;

/// <summary>
/// History is merged over all bars again and again, each time with another value in all of them, while views are read: whatever takes in
/// more than one bar must find one value in all of them, and nothing may throw.
/// </summary>
public class SeriesViewConcurrencyTests
{
    private const int Period = 400;
    private const int Merges = 3000;

    public static TheoryData<string> Readers => [.. Checks.Keys];

    private static Dictionary<string, Func<SeriesView, bool>> Checks { get; } = new()
    {
        ["ToFrame"] = static view => view.ToFrame() is var frame && IsAscending(frame.Timestamps) && IsOneValue(((BarColumn<double>)frame.FindColumn("close")!).Values.Span),
        ["GetTimestamps"] = static view => IsAscending(view.GetTimestamps()),
        ["ToArray"] = static view => view.ToArray("close") is { Length: Period } values && IsOneValue(values),
        ["ToArray of whole numbers"] = static view => IsOneValue(view.ToArray("whole", Period)),
        ["Sum"] = static view => view.Sum("close", Period) % Period == 0,
        ["Mean"] = static view => double.IsInteger(view.Mean("close", Period)),
        ["Min and Max"] = static view => view.Min("close", Period / 2) <= view.Max("close", Period / 2),
        ["GetValue"] = static view => view.GetValue("close") is double && view["close"] is double,
        ["GetValue by index"] = static view => view.GetValue("close", view.Count - 1) is double && view.GetValue("whole", 0) is long,
        ["Count"] = static view => view.Count == Period,
        ["Latest"] = static view => view.Latest is { Payload.Kind: PayloadKind.Bar } latest && (double)latest.Payload.Bar["close"]! == (long)latest.Payload.Bar["whole"]!,
        ["Columns and ToString"] = static view => view.Columns is ["close", "whole"] && view.ToString().Contains("400 bars", StringComparison.Ordinal),
        ["spans, which may change but have their length"] = static view => view.Values("close").Length == Period && view.Timestamps.Length == Period && view.Values<long>("whole").Length == Period,
    };

    [Theory]
    [MemberData(nameof(Readers))]
    public async Task A_view_shows_a_merge_whole_or_not_at_all(string reader)
    {
        var cache = new NodeCache(Period);
        Merge(cache, 0);
        SeriesView view = cache.View[Btc];
        var problems = new ConcurrentQueue<string>();
        using var done = new CancellationTokenSource();
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task reading = Task.Factory.StartNew(
            () =>
            {
                while (!done.IsCancellationRequested && problems.IsEmpty)
                {
                    try
                    {
                        if (!Checks[reader](view))
                        {
                            problems.Enqueue("Half a merge.");
                        }
                    }
                    catch (Exception exception)
                    {
                        problems.Enqueue(exception.ToString());
                    }

                    begun.TrySetResult();
                }
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);

        await begun.Task;
        for (int version = 1; version <= Merges && problems.IsEmpty; version++)
        {
            Merge(cache, version);
        }

        await done.CancelAsync();
        await reading;
        Assert.Empty(problems);
    }

    // As many bars as the period, all of one value, some bars further each time: the oldest are dropped, the others move.
    private static void Merge(NodeCache cache, int version)
    {
        long[] opens = [.. Enumerable.Range(7 * version, Period).Select(bar => 60L * bar)];
        double[] close = new double[Period];
        long[] whole = new long[Period];
        Array.Fill(close, version);
        Array.Fill(whole, version);
        cache.BackfillBulk(Btc, new BarFrame(Minute, opens, [new BarColumn<double>("close", close), new BarColumn<long>("whole", whole)]));
    }

    private static bool IsOneValue(ReadOnlySpan<double> values) => !values.ContainsAnyExcept(values[0]);

    private static bool IsAscending(ReadOnlySpan<long> opens)
    {
        for (int i = 1; i < opens.Length; i++)
        {
            if (opens[i] != opens[0] + (60L * i))
            {
                return false;
            }
        }

        return true;
    }
}
