using System.Globalization;
using Qmtl.Data;
using Qmtl.History.Relational;
using Qmtl.Time;

namespace Qmtl.History.QuestDb;

/// <summary>What QuestDB cannot keep, and so is refused before the first row is sent: it would come back as something else.</summary>
internal static class QuestDbLimits
{
    /// <summary>The epoch: QuestDB refuses a designated timestamp before it.</summary>
    public const long EarliestBar = 0;

    /// <summary>9999-12-31T23:59:59Z: QuestDB refuses a designated timestamp after it.</summary>
    public const long LatestBar = 253_402_300_799;

    /// <summary>Looks at every bar and value.</summary>
    /// <param name="table">The table.</param>
    /// <param name="isOrderedByBar">Whether the bars' opens are the table's designated timestamp.</param>
    /// <param name="frames">What is about to be written.</param>
    /// <param name="displayName">The store, for the message of an error.</param>
    /// <exception cref="StoreException">One of them cannot be kept.</exception>
    public static void Require(TableSchema table, bool isOrderedByBar, IEnumerable<PlannedFrame> frames, string displayName)
    {
        foreach (PlannedFrame frame in frames)
        {
            ReadOnlySpan<long> timestamps = frame.Timestamps.Span;
            if (isOrderedByBar && (timestamps[0] < EarliestBar || timestamps[^1] > LatestBar))
            {
                throw new StoreException(
                    $"{displayName} keeps bars of the years 1970 to 9999 only; one opens at "
                        + $"{UnixTime.Format(timestamps[0] < EarliestBar ? timestamps[0] : timestamps[^1])}. Nothing was written. Leave "
                        + $"such bars out, or use another store.");
            }

            foreach (PlannedColumn column in frame.Columns)
            {
                if (Problem(column) is { } problem)
                {
                    throw new StoreException(
                        $"Column '{column.Stored.Name}' of table '{table.Table}' in {displayName} is of type {column.Stored.TypeName}, in "
                            + $"which QuestDB keeps {problem}. "
                        + "Nothing was written. Replace the value at the source, drop the column, or use another store.");
                }
            }
        }
    }

    private static string? Problem(PlannedColumn column) => column.Values switch
    {
        _ when QuestDbTypes.HasNoNull(column.Stored) && column.Values.HasNulls =>
            $"no null: it would come back as {(column.Stored.Type == StoredType.Boolean ? "false" : "0")}",
        BarColumn<double> doubles => Find(doubles, static value => double.IsInfinity(value)) is { } infinity
            ? string.Create(CultureInfo.InvariantCulture, $"no {infinity}: it would come back as null")
            : null,
        BarColumn<long> longs =>
            Find(
                longs,
                column.Stored.Type == StoredType.Int32 ? static value =>
                    value == int.MinValue : static value => value == long.MinValue) is { } smallest
            ? string.Create(CultureInfo.InvariantCulture, $"no {smallest}: that is its null")
            : null,
        _ => null,
    };

    private static T? Find<T>(BarColumn<T> column, Func<T, bool> isRefused)
        where T : struct
    {
        ReadOnlySpan<T> values = column.Values.Span;
        for (int row = 0; row < values.Length; row++)
        {
            if (isRefused(values[row]) && !column.IsNull(row))
            {
                return values[row];
            }
        }

        return null;
    }
}
