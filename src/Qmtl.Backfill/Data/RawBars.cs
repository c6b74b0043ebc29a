using Qmtl.Time;

namespace Qmtl.Data;

/// <summary>
/// What a source answered, in columns, before anybody checked it: rows may be out of order, repeated, off the grid or outside
/// the asked range. <see cref="Validate"/> makes a <see cref="BarFrame"/> of what can be kept.
/// </summary>
public sealed class RawBars
{
    /// <summary>An answer of the given columns, which it keeps and does not copy.</summary>
    /// <param name="timestamps">One entry a row: the bar's open in Unix seconds, UTC.</param>
    /// <param name="columns">The payload, each column as long as <paramref name="timestamps"/>, no name twice (case is ignored).</param>
    /// <exception cref="ArgumentException">A column has another length, or a name that is taken.</exception>
    public RawBars(ReadOnlyMemory<long> timestamps, IReadOnlyList<BarColumn> columns)
    {
        ArgumentNullException.ThrowIfNull(columns);
        ColumnNames.RequireUsable(columns, timestamps.Length);
        Timestamps = timestamps;
        Columns = columns;
    }

    /// <summary>An answer without a row: the source has no bar in the range.</summary>
    public static RawBars Empty { get; } = new(ReadOnlyMemory<long>.Empty, []);

    /// <summary>One entry a row: the bar's open in Unix seconds, UTC.</summary>
    public ReadOnlyMemory<long> Timestamps { get; }

    /// <summary>The payload columns.</summary>
    public IReadOnlyList<BarColumn> Columns { get; }

    /// <summary>How many rows the source gave, with those that could not be read.</summary>
    public long RowCount => Timestamps.Length + Unreadable.Total;

    /// <summary>Rows that could not even become a row here (no timestamp, too few fields); none by default.</summary>
    public RejectedRows Unreadable { get; init; } = RejectedRows.None;

    /// <summary>
    /// The part of the asked range that the answer is about, for a source that knows only a part, such as a file that ends
    /// early. Outside it, silence does not mean that there is no bar. Null, the default: the answer is about all of it.
    /// </summary>
    public TimeRange? About { get; init; }

    /// <summary>
    /// When the source answered, by its own clock, to the second. A bar that has not closed by then is forming, whatever the clock
    /// here says. Null, the default: it does not tell.
    /// </summary>
    public DateTimeOffset? AnsweredAt { get; init; }

    /// <summary>
    /// An answer of rows: dictionaries (any <c>IDictionary</c>, or string-keyed pairs) or objects with public properties, such as
    /// records. The bar's open is in <c>ts</c> or <c>Timestamp</c> (Unix seconds, a date and time, or ISO 8601 text); <c>node_id</c>
    /// and <c>interval</c> are ignored; everything else is payload. Column types follow from the values.
    /// </summary>
    public static RawBars FromRows(IEnumerable<object?> rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        var builder = new RawBarsBuilder();
        foreach (object? row in rows)
        {
            builder.AddRow(row);
        }

        return builder.Build();
    }

    /// <summary>Keeps what can be stored and counts the rest.</summary>
    /// <param name="interval">The stream's interval.</param>
    /// <param name="asked">The bars that the source was asked for, on the interval's grid.</param>
    /// <param name="lastClosedBar">The open of the last bar that has closed (Unix seconds, UTC); later ones are still forming.</param>
    public ValidatedBars Validate(BarInterval interval, TimeRange asked, long lastClosedBar) =>
        new RawBarsValidation(this, interval, asked, lastClosedBar).Run();
}
