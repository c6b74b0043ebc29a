using System.Collections;
using System.Globalization;
using System.Management.Automation;
using Qmtl.Sweeping;

namespace Qmtl.PowerShell.Scripting;

/// <summary>Makes sets of parameters of what a script has for them: hashtables, objects, rows of a table.</summary>
internal static class ParameterSets
{
    /// <summary>A set as <see cref="SweepOrder.Parameters"/> has it.</summary>
    /// <exception cref="ArgumentException">It is no set of named values.</exception>
    public static string Read(object? given)
    {
        object? value = Plain(given);
        return value is Dictionary<string, object?> set ? SweepOrder.ParametersOf(set) : throw new ArgumentException(
            $"'{given}' is no set of parameters. Give a hashtable, @{{ fast = 5; slow = 20 }}, or an object with a property for each, "
                + "such as a row of Import-Csv.");
    }

    private static object? Plain(object? given) => given is PSObject { BaseObject: PSCustomObject } custom
        ? Named(custom.Properties.Select(static property => KeyValuePair.Create(property.Name, (object?)property.Value)))
        : (given is PSObject wrapped ? wrapped.BaseObject : given) switch
        {
            null => null,
            (string or bool or byte or short or int or long or float or double or decimal) and var value => value,
            DateTimeOffset time => time.ToString("O", CultureInfo.InvariantCulture),
            DateTime time => new DateTimeOffset(time).ToString("O", CultureInfo.InvariantCulture),

            // Its order is another one in every process, and the text is to be the same.
            Hashtable table => Named(Entries(table).OrderBy(static pair => pair.Key, StringComparer.OrdinalIgnoreCase)),
            IDictionary table => Named(Entries(table)),
            IEnumerable list => list.Cast<object?>().Select(Plain).ToArray(),
            IFormattable other => other.ToString(null, CultureInfo.InvariantCulture),
            { } other => other.ToString(),
        };

    private static IEnumerable<KeyValuePair<string, object?>> Entries(IDictionary table) =>
        table.Cast<DictionaryEntry>().Select(static entry => KeyValuePair.Create(entry.Key.ToString()!, entry.Value));

    private static Dictionary<string, object?> Named(IEnumerable<KeyValuePair<string, object?>> values) =>
        values.ToDictionary(static pair => pair.Key, static pair => Plain(pair.Value));
}
