using System.Collections;
using System.Globalization;
using System.Management.Automation;
using Qmtl.Data;
using Qmtl.Payloads;
using Qmtl.PowerShell.Output;
using Qmtl.PowerShell.Scripting;
using Qmtl.Recording;
using Qmtl.Time;

namespace Qmtl.PowerShell.Recording;

/// <summary>Sees an object of any origin as a row to record.</summary>
internal static class RecordedRow
{
    private static readonly HashSet<string> RefusedFields =
        [ColumnNames.NodeId, ColumnNames.Interval, ColumnNames.Timestamp, RefusedRows.Payload];

    private static readonly HashSet<string> ResultFields =
    [
        nameof(StrategyResult.Node), nameof(StrategyResult.NodeId), nameof(StrategyResult.Interval), nameof(StrategyResult.Time),
        nameof(StrategyResult.Value),
    ];

    /// <summary>
    /// A row that a recorder has set aside, read from its file with <c>ConvertFrom-Json</c>: exactly the payload that was recorded. Null
    /// for any other object, also one that has other fields beside those.
    /// </summary>
    /// <exception cref="ArgumentException">Its time is no bar of the interval, or a column of it cannot be one.</exception>
    public static BarFrame? OfRefused(PSObject row, BarInterval interval) =>
        RefusedFields.SetEquals(row.Properties.Select(field => field.Name))
        && row.Properties[RefusedRows.Payload].Value is PSObject { BaseObject: PSCustomObject } payload
        && row.Properties[ColumnNames.Timestamp].Value is long timestamp
            ? FrameOf(interval, timestamp, payload)
            : null;

    /// <summary>
    /// The row's time, under <c>ts</c>, and its columns. A result of Invoke-QmtlStrategy is its value: the value's fields, or one column
    /// <c>value</c>.
    /// </summary>
    /// <exception cref="ArgumentException">It is no row, or a field of it is a list or an object.</exception>
    public static IReadOnlyList<KeyValuePair<string, object?>> Of(PSObject row)
    {
        if (row.BaseObject is StrategyResult result)
        {
            return [KeyValuePair.Create<string, object?>(ColumnNames.Timestamp, result.Timestamp), .. ColumnsOf(result.Value)];
        }

        if (ResultFields.SetEquals(row.Properties.Select(field => field.Name).Where(name => name != StrategyResult.Allowed)))
        {
            return OfTravelled(row);
        }

        IEnumerable<KeyValuePair<string, object?>> fields = ScriptRows.FieldsOf(row) ?? throw new ArgumentException(
            $"'{row}' is no row to record. Give an object or a hashtable with its time (ts, Timestamp or Time) and its columns.");
        var columns = new List<KeyValuePair<string, object?>>();
        KeyValuePair<string, object?>? time = null;
        foreach ((string name, object? value) in fields)
        {
            if (IsNamed(name, ColumnNames.Timestamp, "Timestamp"))
            {
                columns.Add(KeyValuePair.Create(ColumnNames.Timestamp, value));
            }
            else if (IsNamed(name, "Time"))
            {
                time = KeyValuePair.Create(ColumnNames.Timestamp, value);
            }
            else if (!IsNamed(name, "NodeId", "Interval", ColumnNames.NodeId))
            {
                columns.Add(KeyValuePair.Create(name, Plain(name, value)));
            }
        }

        if (time is { } alone && !columns.Exists(column => column.Key == ColumnNames.Timestamp))
        {
            columns.Add(alone);
        }

        return columns;
    }

    // A result that has been in a file or another process. A file of text says of no value whether it was a number; what reads as one was.
    private static IReadOnlyList<KeyValuePair<string, object?>> OfTravelled(PSObject row)
    {
        Dictionary<string, object?> fields = ScriptRows.FieldsOf(row)!.ToDictionary();
        object? value = fields[nameof(StrategyResult.Value)];
        if (value is string text && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number))
        {
            value = number;
        }

        object? time = fields[nameof(StrategyResult.Time)];
        return [KeyValuePair.Create(ColumnNames.Timestamp, time), .. ColumnsOf(value)];
    }

    private static BarFrame FrameOf(BarInterval interval, long timestamp, PSObject payload)
    {
        UnixTime.RequireSeconds(timestamp);
        return new BarFrame(interval, new[] { timestamp }, [.. payload.Properties.Select(column => ColumnOf(column.Name, column.Value))]);
    }

    // A null is a value of any type.
    private static BarColumn ColumnOf(string name, object? value)
    {
        if (value is null)
        {
            return BarColumn.OfNulls(name, ColumnType.OfNothing, 1);
        }

        ColumnType type = ColumnType.Of(value.GetType()) ?? throw NoColumn(name, value);
        ColumnBuilder column = type.NewBuilder(name, capacity: 1);
        if (!column.TryAdd(value))
        {
            column.AddNull();
        }

        return column.Build();
    }

    private static IEnumerable<KeyValuePair<string, object?>> ColumnsOf(object? value) => value switch
    {
        null => [],
        string or ValueType => [KeyValuePair.Create<string, object?>(Payload.ValueColumn, value)],
        IEnumerable and not (IDictionary or IEnumerable<KeyValuePair<string, object?>>) => throw NoColumn(Payload.ValueColumn, value),
        _ => (ScriptRows.FieldsOf(value) ?? [])
            .Where(field => !IsNamed(field.Key, ColumnNames.Timestamp, "Timestamp"))
            .Select(field => KeyValuePair.Create(field.Key, Plain(field.Key, field.Value))),
    };

    private static bool IsNamed(string name, params ReadOnlySpan<string> names)
    {
        foreach (string candidate in names)
        {
            if (string.Equals(name, candidate, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    private static object? Plain(string name, object? value) => value switch
    {
        (IEnumerable and not string) or PSObject => throw NoColumn(name, value),
        null or DBNull or string or bool or IFormattable or ValueType or WholeNumber => value,
        _ => throw NoColumn(name, value),
    };

    // The text of such a value, "System.Object[]", says nothing of what it held.
    private static ArgumentException NoColumn(string name, object value) => new(
        $"The field '{name}' is a {(value is IEnumerable and not IDictionary ? "list" : "nested object")} "
            + $"({DuckTypedObject.TypeName(PSObject.AsPSObject(value))}), so its row was not recorded: a column holds a number, a text, a "
            + $"boolean or a time. Give each part a field of its own, or make one text of it with ConvertTo-Json.");
}
