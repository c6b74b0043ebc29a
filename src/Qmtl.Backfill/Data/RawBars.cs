using Qmtl.Time;

namespace Qmtl.Data;

/// <summary>
/// What a source answered, in columns, before anybody checked it: rows may be out of order, repeated, off the grid or outside
/// the asked range. <see cref="Validate"/> makes a <see cref="BarFrame"/> of what can be kept.
/// </summary>
public sealed class RawBars
{
    private readonly ReadOnlyMemory<int> _nanoseconds;

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

    /// <summary>One entry a row: the bar's open in Unix seconds, UTC; the second before it where it opens off the second.</summary>
    public ReadOnlyMemory<long> Timestamps { get; }

    /// <summary>
    /// How far past its second each row opens, in nanoseconds (0 to 999,999,999). Empty, the default, where every row opens on a
    /// whole second. A row with such a rest is off every grid, and yet it tells of the bar that it lies in.
    /// </summary>
    /// <exception cref="ArgumentException">There are neither none nor as many as rows.</exception>
    public ReadOnlyMemory<int> Nanoseconds
    {
        get => _nanoseconds;
        init => _nanoseconds = value.IsEmpty || value.Length == Timestamps.Length
            ? value
            : throw new ArgumentException(
                $"There are {value.Length} nanoseconds for {Timestamps.Length} rows. Give one for each row, or none at all.",
                nameof(value));
    }

    /// <summary>The payload columns.</summary>
    public IReadOnlyList<BarColumn> Columns { get; }

    /// <summary>How many rows the source gave, with those that could not be read.</summary>
    public long RowCount => Timestamps.Length + Unreadable.Total;

    /// <summary>Rows that could not even become a row here (no timestamp, too few fields); none by default.</summary>
    public RejectedRows Unreadable { get; init; } = RejectedRows.None;

    /// <summary>
    /// Whether rows that the source could not read may be bars of the asked range, also where they are counted in another answer: silence
    /// then proves nothing. False by default; <see cref="Unreadable"/> rows of the answer itself have the same effect.
    /// </summary>
    public bool HasUnplaced { get; init; }

    /// <summary>What an operator should know of how the answer was read; empty by default.</summary>
    public IReadOnlyList<SourceNote> Notes { get; init; } = [];

    /// <summary>
    /// The part of the asked range of which the answer is whole, for a source that knows what it has, such as a file: every bar of it that
    /// there is has its row in the answer. Inside it silence is believed at once; outside it silence means nothing. Null, the default,
    /// where the source may have cut its answer: what the answer did not reach is then asked for by itself.
    /// </summary>
    public TimeRange? About { get; init; }

    /// <summary>
    /// Whether only rows of the answer prove anything: bars between two of them do not exist, and an answer without any says nothing. Rows
    /// beside the asked range are then no fault, for they were asked for. False by default.
    /// </summary>
    public bool ProvesByRowsOnly { get; init; }

    /// <summary>
    /// The open (Unix seconds, UTC) of the first bar that the source itself says is still forming, whatever any clock says; null, the
    /// default, where it does not say.
    /// </summary>
    public long? FormingFrom { get; init; }

    /// <summary>How many requests to the source the answer took; 1 by default.</summary>
    public int Requests { get; init; } = 1;

    /// <summary>
    /// When the source answered, by its own clock, to the second. A bar that has not closed by then is forming, whatever the clock
    /// here says. Null, the default: it does not tell.
    /// </summary>
    public DateTimeOffset? AnsweredAt { get; init; }

    /// <summary>
    /// An answer of rows: dictionaries (any <c>IDictionary</c>, or string-keyed pairs) or objects with public properties, such as
    /// records. The bar's open is in <c>ts</c> or <c>Timestamp</c>: a date and time, ISO 8601 text, or a number, which is Unix seconds,
    /// milliseconds, microseconds or nanoseconds by its size, or a date (20231113) where all of the rows have such. <c>node_id</c> and
    /// <c>interval</c> are ignored; everything else is payload. Column types follow from the values; numbers are doubles, unless their type
    /// declares 64-bit whole numbers or one needs more than 53 bits.
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
    /// <param name="offGrid">What becomes of rows off the grid.</param>
    public ValidatedBars Validate(BarInterval interval, TimeRange asked, long lastClosedBar, OffGridRows offGrid = OffGridRows.Refuse) =>
        new RawBarsValidation(this, interval, asked, lastClosedBar, offGrid).Run();
}
