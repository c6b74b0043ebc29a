using System.Collections;
using System.Collections.Concurrent;
using System.Reflection;

namespace Qmtl.Data;

/// <summary>Sees an object as named values, whatever kind of row it is.</summary>
internal static class RowFields
{
    private static readonly ConcurrentDictionary<Type, PropertyInfo[]> PropertiesByType = new();

    /// <summary>The row's named values, or null where the object is no row (a number, a text).</summary>
    public static IEnumerable<KeyValuePair<string, object?>>? Of(object row) => row switch
    {
        string => null,
        IEnumerable<KeyValuePair<string, object?>> pairs => pairs,
        IDictionary dictionary => FromDictionary(dictionary),
        BarRow bar => FromBar(bar),
        _ => FromProperties(row),
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
            yield return KeyValuePair.Create(bar.Columns[i].Name, bar[i]);
        }
    }

    private static KeyValuePair<string, object?>[]? FromProperties(object row)
    {
        Type type = row.GetType();
        if (type.IsPrimitive || row is decimal or DateTime or DateTimeOffset or TimeSpan or IEnumerable)
        {
            return null;
        }

        PropertyInfo[] properties = PropertiesByType.GetOrAdd(type, static t =>
            [.. t.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.CanRead && p.GetIndexParameters().Length == 0)]);
        return [.. properties.Select(property => KeyValuePair.Create(property.Name, property.GetValue(row)))];
    }
}
