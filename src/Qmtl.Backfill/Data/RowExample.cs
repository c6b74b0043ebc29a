using System.Globalization;
using Qmtl.Messages;
using Qmtl.Time;

namespace Qmtl.Data;

/// <summary>Says of one rejected row what is wrong with it, and by which rule.</summary>
internal static class RowExample
{
    private const int LongestText = 40;

    private static readonly BarInterval Week = BarInterval.Parse("1w");

    /// <summary>Of a row off the grid: when it opens, when bars of the interval do, and how it can be taken all the same.</summary>
    public static string OffGrid(BarInterval interval, long timestamp, int nanoseconds, OffGridRows rule)
    {
        string time = Format(timestamp, nanoseconds);
        string where = interval.IsMadeOf(Week)
            ? string.Create(CultureInfo.InvariantCulture, $"{time} is a {DateTimeOffset.FromUnixTimeSeconds(timestamp).DayOfWeek}")
            : $"{time} lies inside the bar of {UnixTime.Format(interval.Floor(timestamp))}";
        where = $"{where}; {interval} bars {interval.DescribeGrid()}";
        if (rule == OffGridRows.Floor)
        {
            return $"{where}, and there is another row in its bar";
        }

        string other = nanoseconds == 0 && interval.OpeningAt(timestamp) is { } delayed
            ? $". If all open like this one, they are {delayed} bars"
            : string.Empty;
        return $"{where}{other}. Off-grid Floor (--off-grid floor, -OffGrid Floor) takes a row that is alone in its bar";
    }

    /// <summary>Of two rows of one bar: in which value they differ. Null where they do not.</summary>
    public static string? Contradiction(RawBars raw, int row, int taken)
    {
        foreach (BarColumn column in raw.Columns)
        {
            (object? one, object? other) = (column.GetValue(row), column.GetValue(taken));
            if (!Equals(one, other))
            {
                return $"{Format(raw.Timestamps.Span[taken], 0)} has {PlainText.OneLine(column.Name, LongestText)} {Show(one)} and "
                    + $"{Show(other)}; the last row is taken";
            }
        }

        return null;
    }

    private static string Format(long timestamp, int nanoseconds) => nanoseconds == 0
        ? UnixTime.Format(timestamp)
        : DateTimeOffset.FromUnixTimeSeconds(timestamp).AddTicks(nanoseconds / 100).ToString(
            "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture);

    private static string Show(object? value) =>
        value is null ? "null" : PlainText.OneLine(Convert.ToString(value, CultureInfo.InvariantCulture) ?? string.Empty, LongestText);
}
