using System.Management.Automation;
using System.Management.Automation.Runspaces;
using Qmtl.Data;

namespace Qmtl.PowerShell.Output;

/// <summary>
/// A bar as script sees it: a custom object with the properties that <see cref="BarObjects"/> gives it. It knows its stream, so that it
/// can be piped on without naming the stream again.
/// </summary>
/// <remarks>
/// <c>NodeId</c> and <c>Interval</c> are members of the type and hidden: they bind by name and can be asked for, cost a bar no member of
/// its own, and stand in no table and no file of it.
/// </remarks>
internal sealed class BarObject(StreamKey stream) : PSObject
{
    /// <summary>The type name that a candle's table view goes by.</summary>
    public const string CandleTypeName = "Qmtl.PowerShell.Output.Candle";

    /// <summary>The type name of bars that are no candles, by which they are told from other custom objects.</summary>
    public const string BarTypeName = "Qmtl.PowerShell.Output.Bar";

    private StreamKey Stream { get; } = stream;

    /// <summary>What a shell has to know of the types (Update-TypeData).</summary>
    public static TypeData[] CreateTypeData() => [CreateTypeData(CandleTypeName), CreateTypeData(BarTypeName)];

    /// <summary>The node id of a bar's stream; null where the object is only called a bar.</summary>
    public static object? GetNodeId(PSObject bar) => (bar as BarObject)?.Stream.NodeId;

    /// <summary>The interval of a bar's stream; null where the object is only called a bar.</summary>
    public static object? GetInterval(PSObject bar) => (bar as BarObject)?.Stream.Interval;

    private static TypeData CreateTypeData(string typeName)
    {
        var type = new TypeData(typeName);
        (string, Func<PSObject, object?>)[] members = [(nameof(StreamKey.NodeId), GetNodeId), (nameof(StreamKey.Interval), GetInterval)];
        foreach ((string name, Func<PSObject, object?> getter) in members)
        {
            type.Members.Add(name, new CodePropertyData(name, getter.Method) { IsHidden = true });
        }

        return type;
    }
}
