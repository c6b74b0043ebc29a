using System.Collections.Frozen;
using System.Globalization;
using Qmtl.Data;

namespace Qmtl.Quality;

/// <summary>A rule that the numbers of one bar break.</summary>
/// <param name="Check">The rule.</param>
/// <param name="Row">The bar's row.</param>
/// <param name="Column">The column that is named for it.</param>
/// <param name="Value">What stands there.</param>
/// <param name="Expected">What should.</param>
internal readonly record struct BrokenRule(BarCheck Check, int Row, string Column, double Value, string Expected)
{
    /// <summary>It as a sentence without its end.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Column} is {Value} and should be {Expected}");
}

/// <summary>
/// What the numbers of a bar must be by themselves, whatever its neighbours: the one place for it, for what is stored and for what comes.
/// A value that is null breaks nothing.
/// </summary>
internal static class BarRules
{
    private static readonly FrozenSet<string> Prices =
        new[] { "open", "high", "low", "close", "vwap", "price" }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>Tells every rule that a bar breaks. Clean columns cost a look at each value, and no memory.</summary>
    public static void Find(IReadOnlyList<BarColumn> columns, Action<BrokenRule> tell)
    {
        ReadOnlySpan<double> high = Numbers(columns, "high");
        ReadOnlySpan<double> low = Numbers(columns, "low");
        for (int row = 0; row < Math.Min(high.Length, low.Length); row++)
        {
            if (high[row] < low[row])
            {
                tell(new(BarCheck.HighBelowLow, row, "high", high[row], string.Create(
                    CultureInfo.InvariantCulture, $"at least the low, {low[row]}")));
            }
        }

        foreach (string name in (ReadOnlySpan<string>)["open", "close"])
        {
            FindOutside(name, Numbers(columns, name), high, low, tell);
        }

        foreach (BarColumn column in columns)
        {
            if (Prices.Contains(column.Name))
            {
                FindBelow(column, double.Epsilon, BarCheck.NotPositive, "above 0", tell);
            }
            else if (ColumnNames.IsAmount(column.Name))
            {
                FindBelow(column, 0, BarCheck.NegativeVolume, "0 or more", tell);
            }
        }
    }

    /// <summary>The numbers of a column, not a number where it is null; empty where there is no such column of numbers.</summary>
    public static ReadOnlySpan<double> Numbers(IReadOnlyList<BarColumn> columns, string name)
    {
        foreach (BarColumn column in columns)
        {
            if (name.Equals(column.Name, StringComparison.OrdinalIgnoreCase))
            {
                return Numbers(column);
            }
        }

        return [];
    }

    private static ReadOnlySpan<double> Numbers(BarColumn column)
    {
        if (column is BarColumn<double> { HasNulls: false } whole)
        {
            return whole.Values.Span;
        }

        if (column is not (BarColumn<double> or BarColumn<long>))
        {
            return [];
        }

        double[] numbers = new double[column.Length];
        for (int row = 0; row < numbers.Length; row++)
        {
            numbers[row] = column.IsNull(row) ? double.NaN
                : column is BarColumn<long> longs ? longs.Values.Span[row]
                : ((BarColumn<double>)column).Values.Span[row];
        }

        return numbers;
    }

    // Where high and low contradict each other, nothing is between them, and that is said once.
    private static void FindOutside(
        string name, ReadOnlySpan<double> side, ReadOnlySpan<double> high, ReadOnlySpan<double> low, Action<BrokenRule> tell)
    {
        for (int row = 0; row < side.Length; row++)
        {
            double top = high.IsEmpty ? double.NaN : high[row];
            double bottom = low.IsEmpty ? double.NaN : low[row];
            if ((side[row] > top || side[row] < bottom) && !(top < bottom))
            {
                tell(new(BarCheck.OutsideHighLow, row, name, side[row], side[row] > top
                    ? string.Create(CultureInfo.InvariantCulture, $"at most the high, {top}")
                    : string.Create(CultureInfo.InvariantCulture, $"at least the low, {bottom}")));
            }
        }
    }

    private static void FindBelow(BarColumn column, double least, BarCheck check, string expected, Action<BrokenRule> tell)
    {
        ReadOnlySpan<double> numbers = Numbers(column);
        for (int row = 0; row < numbers.Length; row++)
        {
            if (numbers[row] < least)
            {
                tell(new(check, row, column.Name, numbers[row], expected));
            }
        }
    }
}
