using System.Collections;
using System.Management.Automation;
using Qmtl.Data;

namespace Qmtl.PowerShell.Scripting;

/// <summary>Reads what script emits as rows: hashtables, ordered dictionaries, PSCustomObjects (as Import-Csv makes them) and .NET objects.</summary>
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
            object value = DuckTypedObject.Unwrap(row);
            switch (value)
            {
                case IDictionary dictionary:
                    builder.AddRow(FromDictionary(dictionary));
                    break;
                case string or ValueType and not BarRow:
                    builder.AddUnreadable();
                    break;
                case BarRow or IEnumerable<KeyValuePair<string, object?>>:
                    builder.AddRow(value);
                    break;
                default:
                    builder.AddRow(FromProperties(PSObject.AsPSObject(row)));
                    break;
            }
        }

        return builder.Build();
    }

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
                yield return KeyValuePair.Create(property.Name, Value(property.Value));
            }
        }
    }

    private static object? Value(object? value) => value is null ? null : DuckTypedObject.Unwrap(value);
}
