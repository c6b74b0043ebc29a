using System.Collections;
using System.Collections.Concurrent;
using System.Data;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Qmtl.Data;

/// <summary>Sees an object as named values, whatever kind of row it is.</summary>
internal static class RowFields
{
    private static readonly ConcurrentDictionary<Type, PropertyInfo[]> PropertiesByType = new();

    /// <summary>
    /// The row's named values, or null where the object is no row (a number, a text). A value of a property or table column that is a
    /// 64-bit whole number by its type is a <see cref="WholeNumber"/>.
    /// </summary>
    public static IEnumerable<KeyValuePair<string, object?>>? Of(object row) => row switch
    {
        string => null,
        IEnumerable<KeyValuePair<string, object?>> pairs => pairs,
        IDictionary dictionary => FromDictionary(dictionary),
        BarRow bar => FromBar(bar),
        DataRowView view => FromTable(view.Row),
        DataRow table => FromTable(table),
        IDataRecord record => FromRecord(record),
        JsonNode or JsonDocument => FromJson(JsonSerializer.SerializeToElement(row)),
        JsonElement json => FromJson(json),
        _ => FromProperties(row),
    };

    /// <summary>Whether the object is a dictionary with named values.</summary>
    public static bool IsDictionary(object row) => row is IDictionary or IEnumerable<KeyValuePair<string, object?>>;

    /// <summary>The value that is meant, where it is JSON that somebody has read but not converted; any other as it is.</summary>
    public static object? Plain(object? value) => value switch
    {
        JsonElement json => JsonValue(json),
        JsonNode json => JsonValue(JsonSerializer.SerializeToElement(json)),
        _ => value,
    };

    private static IEnumerable<KeyValuePair<string, object?>> FromDictionary(IDictionary dictionary)
    {
        foreach (DictionaryEntry entry in dictionary)
        {
            if (entry.Key.ToString() is { Length: > 0 } name)
            {
                yield return KeyValuePair.Create(name, entry.Value);
            }
        }
    }

    private static IEnumerable<KeyValuePair<string, object?>> FromBar(BarRow bar)
    {
        yield return KeyValuePair.Create<string, object?>(ColumnNames.Timestamp, bar.Timestamp);
        for (int i = 0; i < bar.Columns.Count; i++)
        {
            yield return KeyValuePair.Create(
                bar.Columns[i].Name, bar.Columns[i].Type == BarColumnType.Long ? new WholeNumber(bar[i]) : bar[i]);
        }
    }

    private static IEnumerable<KeyValuePair<string, object?>> FromTable(DataRow row) => row.Table.Columns.Cast<DataColumn>()
        .Select(column => KeyValuePair.Create(column.ColumnName, WholeNumber.Of(column.DataType, row[column])));

    // The values are taken at once: the reader goes on to its next row.
    private static KeyValuePair<string, object?>[] FromRecord(IDataRecord record) =>
    [
        .. Enumerable.Range(0, record.FieldCount)
            .Select(
                field => KeyValuePair.Create(record.GetName(field), WholeNumber.Of(record.GetFieldType(field), record.GetValue(field)))),
    ];

    private static KeyValuePair<string, object?>[]? FromJson(JsonElement row) => row.ValueKind != JsonValueKind.Object
        ? null
        : [.. row.EnumerateObject().Select(field => KeyValuePair.Create(field.Name, JsonValue(field.Value)))];

    private static object? JsonValue(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.Undefined => null,
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.Number => value.TryGetInt64(out long whole) ? whole : value.GetDouble(),
        JsonValueKind.String => value.GetString(),
        _ => value.GetRawText(),
    };

    private static KeyValuePair<string, object?>[]? FromProperties(object row)
    {
        Type type = row.GetType();
        if (type.IsPrimitive || row is decimal or DateTime or DateTimeOffset or TimeSpan or IEnumerable)
        {
            return null;
        }

        PropertyInfo[] properties = PropertiesByType.GetOrAdd(type, static t =>
            [.. t.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.CanRead && p.GetIndexParameters().Length == 0)]);
        return [.. properties.Select(
            property => KeyValuePair.Create(property.Name, WholeNumber.Of(property.PropertyType, property.GetValue(row))))];
    }
}
