using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.History;
using Qmtl.Time;

namespace Qmtl.Bench.Data;

/// <summary>Thousands of streams of a source in this process, of which one bar after the other closes.</summary>
internal static class ManyStreams
{
    public const int Count = 5000;

    /// <summary>The columns of a candle, as they are named in SQL.</summary>
    public static readonly string[] Columns = ["open", "high", "low", "close", "volume"];

    private static readonly IDataFetcher Source = SyntheticBars.Fetcher(1000);

    /// <summary>The streams, a node each.</summary>
    public static IReadOnlyList<StreamKey> All { get; } =
        [.. Enumerable.Range(0, Count).Select(number => new StreamKey($"S{number}", SyntheticBars.Minute))];

    /// <summary>When the bar of a number opens, from 0.</summary>
    public static long OpenOf(int bar) => SyntheticBars.Start + (bar * SyntheticBars.Minute.Seconds);

    /// <summary>The values of a bar, in the order of <see cref="Columns"/>.</summary>
    public static double[] ValuesOf(int bar) =>
        [.. SyntheticBars.Make(new TimeRange(OpenOf(bar), OpenOf(bar))).Columns.Select(column => ((BarColumn<double>)column).Values.Span[0])];

    /// <summary>The statement that makes a stream's table as the stores make it.</summary>
    public static string CreateSql(string table, string text, string whole, string wide, string number, string options) =>
        $"CREATE TABLE \"{table}\" (node_id {text} NOT NULL, interval {whole} NOT NULL, ts {wide} NOT NULL, "
            + $"{string.Join(", ", Columns.Select(column => $"{column} {number}"))}, PRIMARY KEY (node_id, interval, ts)){options}";

    /// <summary>The statement that writes a bar, which replaces one that is there.</summary>
    public static string InsertSql(string table, Func<int, string> parameter) =>
        $"INSERT INTO \"{table}\" (node_id, interval, ts, {string.Join(", ", Columns)}) "
            + $"VALUES ({string.Join(", ", Enumerable.Range(1, 3 + Columns.Length).Select(parameter))}) ON CONFLICT (node_id, interval, ts) "
            + $"DO UPDATE SET {string.Join(", ", Columns.Select(column => $"{column} = excluded.{column}"))}";

    /// <summary>Completes a bar of every stream, and compares some bars before it.</summary>
    public static async Task CompleteAsync(NewestBars newest, IHistoryStore store, int bar, int compared)
    {
        var range = new TimeRange(OpenOf(Math.Max(0, bar - compared)), OpenOf(bar));
        long written = 0;
        await foreach (BackfillResult result in newest.RunAsync(All.Select(stream => new BackfillRequest(store, Source, stream, [range]))))
        {
            written += result.BarsWritten;
            if (result.Error is { } error)
            {
                throw new InvalidOperationException($"{result.Stream}: {error.Message}", error);
            }
        }

        if (written != Count)
        {
            throw new InvalidOperationException($"{written} bars were written, and not {Count}.");
        }
    }
}
