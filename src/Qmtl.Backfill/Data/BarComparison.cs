using Qmtl.Time;

namespace Qmtl.Data;

/// <summary>
/// Compares stored bars with those of another history. Values are the same where they are the same number, truth value or text, whichever
/// type a column keeps them in; no value and NaN are the same. Columns that the other does not have are not compared: it says nothing of
/// them.
/// </summary>
internal static class BarComparison
{
    /// <summary>The differences, ascending, of one bar in the order of the other's columns.</summary>
    /// <param name="stored">What is stored, in frames one after the other.</param>
    /// <param name="other">The other's bars.</param>
    /// <param name="absent">Bars that the other is known not to have.</param>
    /// <param name="tolerance">How far floating-point values may lie apart.</param>
    public static IEnumerable<BarDifference> Find(
        IReadOnlyList<BarFrame> stored, BarFrame other, TimeRangeSet absent, ValueTolerance tolerance = default)
    {
        int next = 0;
        foreach (BarFrame frame in stored)
        {
            Cells[] cells = [.. other.Columns.Select(column => new Cells(column.Name, frame.FindColumn(column.Name), column, tolerance))];
            for (int row = 0; row < frame.Count; row++)
            {
                long open = frame.Timestamps[row];
                for (; next < other.Count && other.Timestamps[next] < open; next++)
                {
                    yield return new BarDifference(other.Timestamps[next], BarDifferenceKind.Missing);
                }

                if (next < other.Count && other.Timestamps[next] == open)
                {
                    foreach (Cells cell in cells)
                    {
                        if (!cell.AreSame(row, next))
                        {
                            yield return new BarDifference(
                                open, BarDifferenceKind.Different, cell.Name, ValueOf(cell.Stored, row), ValueOf(cell.Other, next));
                        }
                    }

                    next++;
                }
                else if (absent.Contains(open))
                {
                    yield return new BarDifference(open, BarDifferenceKind.Extra);
                }
            }
        }

        for (; next < other.Count; next++)
        {
            yield return new BarDifference(other.Timestamps[next], BarDifferenceKind.Missing);
        }
    }

    /// <summary>A value of a column; null where it has none, for which NaN stands, too.</summary>
    public static object? ValueOf(BarColumn? column, int row) => column?.GetValue(row) is { } value and not double.NaN ? value : null;

    // A column of each side, the stored one of which may not exist yet.
    private sealed record Cells(string Name, BarColumn? Stored, BarColumn Other, ValueTolerance Tolerance)
    {
        public bool AreSame(int stored, int other) => (Stored, Other) switch
        {
            (BarColumn<double> ours, BarColumn<double> theirs) when !ours.HasNulls && !theirs.HasNulls =>
                IsSame(ours.Values.Span[stored], theirs.Values.Span[other]),
            _ => (ValueOf(Stored, stored), ValueOf(Other, other)) switch
            {
                (double ours, double theirs) => IsSame(ours, theirs),
                (long ours, double theirs) => IsSame(ours, theirs) || Tolerance.Allows(ours, theirs),
                (double ours, long theirs) => IsSame(theirs, ours) || Tolerance.Allows(ours, theirs),
                (null, null) => true,
                (null, _) or (_, null) => false,
                var (ours, theirs) when ours.GetType() == theirs.GetType() => ours.Equals(theirs),
                var (ours, theirs) => ValueText.Of(ours) == ValueText.Of(theirs),
            },
        };

        private static bool IsSame(long whole, double number) =>
            number == whole && Math.Abs(number) <= ColumnType.LargestExactInDouble;

        private bool IsSame(double ours, double theirs) => ours.Equals(theirs) || Tolerance.Allows(ours, theirs);
    }
}
