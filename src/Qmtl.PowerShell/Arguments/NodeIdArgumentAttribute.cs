using System.Collections;
using System.Globalization;
using System.Management.Automation;

namespace Qmtl.PowerShell.Arguments;

/// <summary>
/// Makes node ids of texts and numbers. Of any other object PowerShell would make a text that names nothing; its properties are asked
/// instead.
/// </summary>
public sealed class NodeIdArgumentAttribute : OperatorArgumentAttribute
{
    /// <inheritdoc/>
    protected override object? Make(object given)
    {
        object value = given is PSObject wrapped ? wrapped.BaseObject : given;
        return value is IList several ? several.Cast<object>().Select(One).ToArray() : new[] { One(given) };
    }

    // Of a number, what was typed (0100, for example), and not what PowerShell read.
    private static string One(object given) => (given is PSObject wrapped ? wrapped.BaseObject : given) switch
    {
        string text => text,
        int or long or double or decimal => Convert.ToString(given is PSObject ? given.ToString() : given, CultureInfo.InvariantCulture)!,
        var other => throw TryNext($"An object of type {other.GetType()} is no node id."),
    };
}
