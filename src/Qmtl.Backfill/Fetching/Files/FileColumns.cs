using System.Globalization;
using Qmtl.Data;
using Qmtl.Messages;
using Qmtl.Time;

namespace Qmtl.Fetching.Files;

/// <summary>What the names of a file's columns mean, whatever its format, and what the columns of a file without names are.</summary>
internal static class FileColumns
{
    /// <summary>How many rows of a file without names are looked at for their shape.</summary>
    public const int RowsOfShape = 10_000;

    // As Unix seconds, April 1970: what is less counts rows.
    private const long EarliestTime = 10_000_000;

    // In one bar; a whole number beyond that is a time.
    private const double MostTrades = 1e9;

    // A column that says it is the open comes before one that may be the close, as timestamp is at CoinMarketCap.
    private static readonly string[] TimeNames =
    [
        "ts", "open_time", "opentime", "time_open", "timeopen", "timestamp", "datetime", "date_time", "gmt_time", "utc_time", "unix",
        "unix_timestamp", "time", "date",
    ];

    // As pandas names an index that has no name, in CSV and in Parquet.
    private static readonly string[] IndexNames = ["", "__index_level_0__", "index"];

    private static readonly string[] NodeNames = ["node_id", "symbol"];

    // Other names of columns that mean one thing, so that a file and the exchange itself fill the same column.
    private static readonly Dictionary<string, string> Aliases = new(StringComparer.OrdinalIgnoreCase)
    {
        ["quote_asset_volume"] = "quote_volume",
        ["number_of_trades"] = "trades",
        ["taker_buy_base_asset_volume"] = "taker_buy_base_volume",
        ["taker_buy_quote_asset_volume"] = "taker_buy_quote_volume",
    };

    /// <summary>Whether a column has that name to people, for whom "Open time" and open_time are one.</summary>
    public static bool IsNamed(string name, string wanted) =>
        string.Equals(WithoutBlanks(name), wanted, StringComparison.OrdinalIgnoreCase);

    /// <summary>The place of the first of the wanted names that there is; -1 where there is none.</summary>
    public static int Find(IReadOnlyList<string> names, params IEnumerable<string> wanted)
    {
        foreach (string one in wanted)
        {
            for (int i = 0; i < names.Count; i++)
            {
                if (IsNamed(names[i], one))
                {
                    return i;
                }
            }
        }

        return -1;
    }

    /// <summary>The column of times.</summary>
    /// <param name="names">The names of all columns.</param>
    /// <param name="example">A value of a column.</param>
    /// <exception cref="FormatException">There is none; the message is a sentence's end after the file's name.</exception>
    public static int FindTime(IReadOnlyList<string> names, Func<int, object?> example)
    {
        int time = Find(names, TimeNames);
        if (time < 0 && names.Count > 1)
        {
            // An index that only counts the rows is no time.
            time = Find(names, IndexNames);
            bool isCount = time >= 0 && TimestampValue.TryRead(example(time), out long number) && number is >= 0 and < EarliestTime;
            time = isCount ? -1 : time;
        }

        return time >= 0 ? time : throw new FormatException(
            "no column holds the bars' time. Name one of them ts, timestamp, open_time, datetime, time or date; there are "
            + (names.Count == 0 ? "none that could" : PlainText.OneLine(string.Join(", ", names), SourceNote.LongestText))
            + (Find(names, "close_time", "closetime", "time_close", "timeclose") >= 0 ? " (a bar's close is not its open)." : "."));
    }

    /// <summary>Refuses a table of which what matters would not be read: a price or a volume, or the time of day beside the date.</summary>
    /// <param name="names">The columns that can be read.</param>
    /// <param name="time">The one that is the time.</param>
    /// <param name="unread">The columns that cannot.</param>
    /// <exception cref="FormatException">The message is a sentence after the file's name.</exception>
    public static void RequireRead(IReadOnlyList<string> names, string time, IReadOnlyList<string> unread)
    {
        string[] all = [.. names, .. unread];
        int date = Find(all, "date");
        int clock = Find(all, "time", "hour");
        clock = clock < 0 && unread.Count > 0 ? Find(unread, TimeNames) is >= 0 and var other ? names.Count + other : -1 : clock;
        if (date >= 0 && clock >= 0 && date != clock && (IsNamed(time, all[date]) || IsNamed(time, all[clock])))
        {
            throw new FormatException(
                $"the bars' time may stand in two columns, {all[date]} and {all[clock]}, which is read of CSV only. Make one column of "
                    + "date and time, and name it datetime.");
        }

        if (unread.FirstOrDefault(name => ColumnNames.IsAmount(NameOf(name, all))) is { } amount)
        {
            throw new FormatException($"the column {amount} is of a type that is not read. Write it as numbers of 64 bits (float64).");
        }
    }

    /// <summary>The column of node ids; -1 where all rows are of one stream.</summary>
    public static int FindNode(IReadOnlyList<string> names) => Find(names, NodeNames);

    /// <summary>The column of intervals; -1 where all rows are of any.</summary>
    public static int FindInterval(IReadOnlyList<string> names) => Find(names, ColumnNames.Interval);

    /// <summary>
    /// Whether the file is one that this library exports: its values then are of the types that they show, and names stay as they are.
    /// </summary>
    public static bool AreExported(IReadOnlyList<string> names) =>
        names is [ColumnNames.NodeId, ColumnNames.Interval, ColumnNames.Timestamp, ..];

    /// <summary>Whether a column is payload by its name.</summary>
    public static bool IsPayload(string name) =>
        name.Length > 0 && !ColumnNames.IsKey(name) && !name.StartsWith("__index_level_", StringComparison.Ordinal);

    /// <summary>The name under which a column is stored.</summary>
    public static string NameOf(string name, IReadOnlyList<string> all) =>
        Aliases.TryGetValue(WithoutBlanks(name), out string? ours) && Find(all, ours) < 0 ? ours : name;

    /// <summary>Refuses names that cannot be stored side by side.</summary>
    /// <exception cref="ArgumentException">Two are alike, or one cannot be a column's name.</exception>
    public static void RequireUsable(IEnumerable<string> payload) =>
        ColumnNames.RequireUsable([.. payload.Select(name => new BarColumn<double>(name, Array.Empty<double>()))], 0);

    /// <summary>
    /// The names of the columns of rows without names, by their shape: a time (or a date and a time of day), and open, high, low, close,
    /// volume and trades as far as there are any, or the twelve fields of Binance. Columns that are not kept have an empty name.
    /// </summary>
    /// <param name="rows">The first rows; null where it is another shape, or prices are not in that order.</param>
    public static IReadOnlyList<string>? NamesByShape(IReadOnlyList<string[]> rows)
    {
        if (rows is not [var first, ..] || first.Length < 5 || rows.Any(row => row.Length != first.Length))
        {
            return null;
        }

        bool areTwo = CsvClock.IsTimeOfDay(first[1], isHour: false) && !TimestampValue.TryRead(first[1], out _);
        string[] times = areTwo ? ["date", "time"] : ["ts"];
        string[]? rest = (first.Length - times.Length) switch
        {
            4 => ["open", "high", "low", "close"],
            5 => ["open", "high", "low", "close", "volume"],
            6 => ["open", "high", "low", "close", "volume", "trades"],
            11 => [
                "open", "high", "low", "close", "volume", "", "quote_volume", "trades", "taker_buy_base_volume", "taker_buy_quote_volume",
                "",
            ],
            _ => null,
        };
        if (rest is null)
        {
            return null;
        }

        bool areTold = false;
        int prices = times.Length;
        int trades = Array.IndexOf(rest, "trades");
        foreach (string[] row in rows)
        {
            double[] numbers = [.. row[prices..].Select(Number)];
            bool isTime = areTwo
                || (TimestampValue.TryRead(CsvCulture.WithYearFirst(row[0], null), out long open, out _) && open >= EarliestTime);
            bool isBar = numbers[1] >= numbers[0] && numbers[1] >= numbers[3] && numbers[2] <= numbers[0] && numbers[2] <= numbers[3]
                && numbers.All(double.IsFinite);
            if (!isTime || !isBar
                || (trades >= 0 && !(double.IsInteger(numbers[trades]) && numbers[trades] is >= 0 and < MostTrades))
                || (rest.Length == 11 && numbers[5] <= Number(row[0])))
            {
                return null;
            }

            // Prices that are all alike may be in any order.
            areTold |= numbers[1] > numbers[2];
        }

        return areTold ? [.. times, .. rest] : null;
    }

    private static double Number(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) ? number
        : CsvCulture.DecimalComma.Plain(text) is { } plain ? double.Parse(plain, CultureInfo.InvariantCulture)
        : double.NaN;

    private static string WithoutBlanks(string name) => name.Trim().Replace(' ', '_');
}
