using System.Collections;
using System.Globalization;

namespace Qmtl.PowerShell.Scripting;

/// <summary>Reads a hashtable of settings as texts, the same in every culture.</summary>
internal static class TextTable
{
    /// <summary>The entries; none where the table is null.</summary>
    /// <param name="table">The hashtable.</param>
    /// <param name="parameter">What it was given to, for the message.</param>
    /// <exception cref="ArgumentException">A value is null.</exception>
    public static IReadOnlyDictionary<string, string> Of(IDictionary? table, string parameter)
    {
        var texts = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (DictionaryEntry entry in table ?? new Hashtable())
        {
            string key = Text(entry.Key)!;
            texts[key] = Text(entry.Value)
                ?? throw new ArgumentException($"The setting '{key}' of -{parameter} is $null. Give it a value, or leave it out.");
        }

        return texts;
    }

    private static string? Text(object? value) =>
        value is null ? null : Convert.ToString(DuckTypedObject.Unwrap(value), CultureInfo.InvariantCulture);
}
