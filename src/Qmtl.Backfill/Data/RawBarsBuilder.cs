using System.Globalization;
using Qmtl.Messages;
using Qmtl.Time;

namespace Qmtl.Data;

/// <summary>Collects rows of any shape and turns them into the typed columns of a <see cref="RawBars"/>.</summary>
public sealed class RawBarsBuilder
{
    // An operator is told of the first values that cannot be read; a source that has many of them writes all of them alike.
    private const int MostValueNotes = 5;

    private readonly RowTimes _times = new();
    private readonly List<SourceNote> _notes = [];
    private readonly List<PendingColumn> _columns = [];
    private readonly Dictionary<string, PendingColumn> _byName = new(StringComparer.OrdinalIgnoreCase);
    private long _withoutTimestamp;
    private long _unreadable;

    /// <summary>
    /// Adds one row, a dictionary or an object with public properties; see <see cref="RawBars.FromRows"/>. A null counts as unreadable.
    /// </summary>
    public void AddRow(object? row)
    {
        if (row is null || RowFields.Of(row) is not { } fields)
        {
            _unreadable++;
            return;
        }

        AddRow(fields);
    }

    /// <summary>Adds one row of named values; see <see cref="RawBars.FromRows"/>.</summary>
    public void AddRow(IEnumerable<KeyValuePair<string, object?>> fields)
    {
        ArgumentNullException.ThrowIfNull(fields);
        List<KeyValuePair<string, object?>> row = [.. fields];
        object? time = RowFields.Plain(WholeNumber.Unwrap(row.Find(field => ColumnNames.IsTimestamp(field.Key)).Value));
        if (!_times.TryAdd(time))
        {
            _withoutTimestamp++;
            if (time is not null)
            {
                NoteValue(
                    $"'{PlainText.OneLine(Convert.ToString(time, CultureInfo.InvariantCulture) ?? string.Empty, SourceNote.LongestText)}' "
                        + $"in {ColumnNames.Timestamp} is no time");
            }

            return;
        }

        int index = _times.Count - 1;
        foreach ((string name, object? value) in row)
        {
            if (!ColumnNames.IsTimestamp(name) && !ColumnNames.IsKey(name))
            {
                Column(name).Set(index, RowFields.Plain(value));
            }
        }
    }

    /// <summary>Counts a row that could not be read at all.</summary>
    public void AddUnreadable() => _unreadable++;

    /// <summary>The answer of all rows added.</summary>
    /// <exception cref="FormatException">Most of the times are dates in digits, and others are not.</exception>
    public RawBars Build()
    {
        (long[] timestamps, ReadOnlyMemory<int> nanoseconds) = _times.Build();
        BarColumn[] columns = [.. _columns.Select(column => column.Build(timestamps.Length, NoteMisfit))];
        return new RawBars(timestamps, columns)
        {
            Nanoseconds = nanoseconds,
            Unreadable = RejectedRows.None
                .Plus(RejectionReason.MissingTimestamp, _withoutTimestamp)
                .Plus(RejectionReason.Unreadable, _unreadable),
            Notes = [.. _times.Notes(), .. _notes],
        };

        void NoteMisfit(int row, string column, string text) =>
            NoteValue(SourceNote.Misfit(text, column, $"of {UnixTime.Format(timestamps[row])}"));
    }

    private void NoteValue(string text)
    {
        if (_notes.Count < MostValueNotes)
        {
            _notes.Add(new SourceNote(SourceNoteKind.Value, text));
        }
    }

    // "Timestamp" is what Get-QmtlHistory names it, so that rows read from one store can be fed to another.
    private PendingColumn Column(string name)
    {
        if (!_byName.TryGetValue(name, out PendingColumn? column))
        {
            column = new PendingColumn(name);
            _byName.Add(name, column);
            _columns.Add(column);
        }

        return column;
    }
}
