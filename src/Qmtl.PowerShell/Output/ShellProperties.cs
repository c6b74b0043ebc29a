using System.Management.Automation.Runspaces;
using System.Reflection;

namespace Qmtl.PowerShell.Output;

/// <summary>
/// The two faces of what the module gives. A property such as <c>Start</c> is a text to .NET, so that <c>ConvertTo-Json</c>, which asks
/// .NET alone, writes flat objects without internals. A public static method <c>GetStart(PSObject)</c> of the same type is what a script,
/// binding by name and <c>Export-Csv</c> see under that name: a time, an interval, a provider. Each of these has the text of the property
/// for its own, and it is this text that another process gets.
/// </summary>
internal static class ShellProperties
{
    private const string Getter = "Get";

    private static readonly Type[] TwoFaced =
    [
        typeof(StreamRange), typeof(Finding), typeof(HistoryOutcome), typeof(WarmupOutcome), typeof(StrategyResult),
        typeof(HistorySummaryRow), typeof(ClusterMemberRow), typeof(StreamStatusRow), typeof(SweepOutcome),
    ];

    /// <summary>What a shell has to know of the types (Update-TypeData).</summary>
    public static TypeData[] CreateTypeData() => [.. TwoFaced.Select(CreateTypeData)];

    private static TypeData CreateTypeData(Type type)
    {
        var data = new TypeData(type.FullName!);
        foreach (MethodInfo getter in type.GetMethods(BindingFlags.Public | BindingFlags.Static | BindingFlags.DeclaredOnly))
        {
            string name = getter.Name[Getter.Length..];
            data.Members.Add(name, new CodePropertyData(name, getter));
        }

        // A provider goes to another process as its name; what a node gave goes as deep as anything.
        if (type != typeof(StrategyResult))
        {
            data.SerializationDepth = 1;
        }

        return data;
    }
}
