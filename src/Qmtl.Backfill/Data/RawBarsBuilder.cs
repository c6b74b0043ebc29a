namespace Qmtl.Data;

/// <summary>Collects rows of any shape and turns them into the typed columns of a <see cref="RawBars"/>.</summary>
public sealed class RawBarsBuilder
{
    private readonly List<long> _timestamps = [];
    private readonly SubSeconds _subSeconds = new();
    private readonly List<PendingColumn> _columns = [];
    private readonly Dictionary<string, PendingColumn> _byName = new(StringComparer.OrdinalIgnoreCase);
    private long _withoutTimestamp;
    private long _unreadable;

    /// <summary>Adds one row, a dictionary or an object with public properties; see <see cref="RawBars.FromRows"/>. A null counts as unreadable.</summary>
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
        if (!TryFindTimestamp(row, out long timestamp, out int nanoseconds))
        {
            _withoutTimestamp++;
            return;
        }

        int index = _timestamps.Count;
        _timestamps.Add(timestamp);
        _subSeconds.Set(index, nanoseconds);
        foreach ((string name, object? value) in row)
        {
            if (!IsTimestamp(name) && !ColumnNames.IsKey(name))
            {
                Column(name).Set(index, value);
            }
        }
    }

    /// <summary>Counts a row that could not be read at all.</summary>
    public void AddUnreadable() => _unreadable++;

    /// <summary>The answer of all rows added.</summary>
    public RawBars Build() => new(_timestamps.ToArray(), [.. _columns.Select(column => column.Build(_timestamps.Count))])
    {
        Nanoseconds = _subSeconds.Build(_timestamps.Count),
        Unreadable = RejectedRows.None
            .Plus(RejectionReason.MissingTimestamp, _withoutTimestamp)
            .Plus(RejectionReason.Unreadable, _unreadable),
    };

    private static bool TryFindTimestamp(List<KeyValuePair<string, object?>> row, out long timestamp, out int nanoseconds)
    {
        (timestamp, nanoseconds) = (0, 0);
        foreach ((string name, object? value) in row)
        {
            if (IsTimestamp(name))
            {
                return TimestampValue.TryRead(value, out timestamp, out nanoseconds);
            }
        }

        return false;
    }

    // "Timestamp" is what Get-QmtlHistory names it, so that rows read from one store can be fed to another.
    private static bool IsTimestamp(string name) =>
        string.Equals(name, ColumnNames.Timestamp, StringComparison.OrdinalIgnoreCase)
        || string.Equals(name, "timestamp", StringComparison.OrdinalIgnoreCase);

    private PendingColumn Column(string name)
    {
        if (!_byName.TryGetValue(name, out PendingColumn? column))
        {
            // A measure has one spelling whatever the source's, so that two sources fill one column.
            column = new PendingColumn(ColumnNames.IsMeasure(name) ? name.ToLowerInvariant() : name);
            _byName.Add(name, column);
            _columns.Add(column);
        }

        return column;
    }
}
