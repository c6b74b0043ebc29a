using Qmtl.Data;

namespace Qmtl.History.Relational;

/// <summary>Fits frames to a table: which columns it lacks, and which values go where.</summary>
internal static class WritePlan
{
    /// <summary>
    /// The columns that the table (null where there is none yet) needs before the frames can be written. A column without
    /// a single value says nothing of its type and is not made.
    /// </summary>
    public static IReadOnlyList<(string Name, StoredType Type)> MissingColumns(TableSchema? table, IEnumerable<BarFrame> frames)
    {
        var missing = new List<(string Name, StoredType Type)>();
        foreach (BarColumn column in frames.SelectMany(frame => frame.Columns))
        {
            if (table?.FindPayload(column.Name) is not null || column.IsAllNull)
            {
                continue;
            }

            StoredType type = column.Type.StoredAs();
            int known = missing.FindIndex(other => string.Equals(other.Name, column.Name, StringComparison.OrdinalIgnoreCase));
            if (known < 0)
            {
                missing.Add((column.Name, type));
            }
            else if ((missing[known].Type, type) == (StoredType.Int64, StoredType.Double))
            {
                // Whole in one page and fractional in a later one: numbers all the same.
                missing[known] = (missing[known].Name, type);
            }
        }

        return missing;
    }

    /// <summary>
    /// The table's columns of whole numbers for which the frames have a number with a fraction, and so would have to hold doubles. Those
    /// of narrower types were made by others, and are left to them.
    /// </summary>
    public static IReadOnlyList<StoredColumn> ColumnsToWiden(TableSchema table, IEnumerable<BarFrame> frames) =>
    [
        .. frames.SelectMany(frame => frame.Columns)
            .Where(column => column.Type == BarColumnType.Double
                && table.FindPayload(column.Name) is { Type: StoredType.Int64 } stored
                && !ColumnConversion.TryConvert(column, stored, out _, out _))
            .Select(column => table.FindPayload(column.Name)!)
            .Distinct(),
    ];

    /// <summary>The frame's columns, each with the column of the table that it goes into.</summary>
    /// <param name="table">The table, with every column that <see cref="MissingColumns"/> named.</param>
    /// <param name="frame">The bars.</param>
    /// <param name="displayName">The store, for the message of an error.</param>
    /// <exception cref="StoreException">A column's values do not fit the type of the table's column.</exception>
    public static PlannedFrame Fit(TableSchema table, BarFrame frame, string displayName)
    {
        var columns = new List<PlannedColumn>(frame.Columns.Count);
        foreach (BarColumn column in frame.Columns)
        {
            if (table.FindPayload(column.Name) is not { } stored)
            {
                continue;
            }

            if (!ColumnConversion.TryConvert(column, stored, out BarColumn? fitting, out string? example))
            {
                throw new StoreException(
                    $"Column '{stored.Name}' of table '{table.Table}' in {displayName} is of type {stored.TypeName} and cannot keep "
                        + $"{ColumnType.Of(column.Type).Words.One} such as {example}. "
                    + "Nothing was written. Rename or drop the column at the source, change the column's type in the table, or use another "
                    + "table.");
            }

            columns.Add(new PlannedColumn(stored, fitting));
        }

        return new PlannedFrame(frame.TimestampMemory, columns);
    }
}
