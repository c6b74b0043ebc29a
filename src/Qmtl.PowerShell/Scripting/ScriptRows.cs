using System.Collections;
using System.Data;
using System.Management.Automation;
using System.Text.Json;
using System.Text.Json.Nodes;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.PowerShell.Output;

namespace Qmtl.PowerShell.Scripting;

/// <summary>
/// Reads what script emits as rows: hashtables, ordered dictionaries, PSCustomObjects (as Import-Csv makes them) and .NET objects.
/// </summary>
internal static class ScriptRows
{
    /// <summary>The answer that the rows make; what is no row counts as unreadable.</summary>
    public static RawBars ToRawBars(IReadOnlyList<object> rows)
    {
        if (rows.Count == 0)
        {
            return RawBars.Empty;
        }

        var builder = new RawBarsBuilder();
        foreach (object row in rows)
        {
            switch (DuckTypedObject.Unwrap(row))
            {
                case BarRow bar:
                    builder.AddRow(bar);
                    break;
                case var value when FieldsOf(row, value) is { } fields:
                    builder.AddRow(fields);
                    break;
                default:
                    builder.AddUnreadable();
                    break;
            }
        }

        return FetchedRows.Build(builder);
    }

    /// <summary>The named values of a row, or null where it is none (a number, a text).</summary>
    public static IEnumerable<KeyValuePair<string, object?>>? FieldsOf(object row) => FieldsOf(row, DuckTypedObject.Unwrap(row));

    private static IEnumerable<KeyValuePair<string, object?>>? FieldsOf(object row, object value) => value switch
    {
        IDictionary dictionary => FromDictionary(dictionary),
        IEnumerable<KeyValuePair<string, object?>> pairs => pairs,
        DataRow or DataRowView or IDataRecord or JsonElement or JsonNode or JsonDocument => RowFields.Of(value),
        string or ValueType => null,
        _ => FromProperties(PSObject.AsPSObject(row)),
    };

    private static IEnumerable<KeyValuePair<string, object?>> FromDictionary(IDictionary dictionary)
    {
        foreach (DictionaryEntry entry in dictionary)
        {
            if (entry.Key.ToString() is { Length: > 0 } name)
            {
                yield return KeyValuePair.Create(name, Value(entry.Value));
            }
        }
    }

    private static IEnumerable<KeyValuePair<string, object?>> FromProperties(PSObject row)
    {
        foreach (PSPropertyInfo property in row.Properties)
        {
            if (property.IsGettable)
            {
                // A note property has its value's type, which declares nothing, except in a bar, whose values are of their stored columns'
                // types.
                object? value = Value(property.Value);
                bool isDeclared = (property is PSProperty || row is BarObject)
                    && (property.TypeNameOfValue is "System.Int64" or "System.UInt64");
                yield return KeyValuePair.Create(property.Name, isDeclared ? new WholeNumber(value) : value);
            }
        }
    }

    private static object? Value(object? value) => value is null ? null : DuckTypedObject.Unwrap(value);
}
