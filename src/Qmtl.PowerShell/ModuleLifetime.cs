using System.Management.Automation;
using System.Management.Automation.Runspaces;
using System.Reflection;
using System.Runtime.Loader;
using Qmtl.Backfill;
using Qmtl.Caching;
using Qmtl.Fetching;
using Qmtl.Gateway;
using Qmtl.History;
using Qmtl.Messages;
using Qmtl.Payloads;
using Qmtl.PowerShell.Monitoring;
using Qmtl.PowerShell.Output;
using Qmtl.PowerShell.Scripting;
using Qmtl.Running;
using Qmtl.Strategies;
using Qmtl.Streams;
using Qmtl.Time;

namespace Qmtl.PowerShell;

/// <summary>
/// What happens when a shell imports the module and when it removes it. The module's script calls it: PowerShell itself would not
/// tell the assembly of its removal once the module was imported again with <c>-Force</c>. It is compiled because a script that is run
/// once takes ten times as long, and nobody likes to wait for an import.
/// </summary>
public static class ModuleLifetime
{
    private const BindingFlags Any = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;

    // The types that scripts name, such as a class that derives from Strategy, live in the module's own load context, where PowerShell does
    // not look for types. As accelerators it finds them under their full names.
    private static readonly Type[] Named =
    [
        typeof(Strategy), typeof(Node), typeof(NodeOptions), typeof(ComputeNode), typeof(StreamInput), typeof(StreamInputOptions),
        typeof(CacheView), typeof(Payload), typeof(IHistoryProvider), typeof(BarInterval),

        // What scripts catch.
        typeof(SourceException), typeof(StoreException), typeof(GatewayException), typeof(NodeFailedException),
        typeof(MissingBarsException), typeof(WarmupFailedException),

        // For the module's own tables.
        typeof(PlainText), typeof(ShownValue),
    ];

    private static readonly Type Accelerators =
        typeof(PSObject).Assembly.GetType("System.Management.Automation.TypeAccelerators", throwOnError: true)!;

    /// <summary>Begins to measure, and completes what PowerShell leaves out of a module of another load context.</summary>
    /// <param name="module">The module.</param>
    /// <param name="assembly">The module that PowerShell makes of this assembly.</param>
    /// <param name="helpFolder">Where the commands' help is.</param>
    /// <returns>What a user is to be warned of.</returns>
    public static IReadOnlyList<string> Begin(PSModuleInfo module, PSModuleInfo assembly, string helpFolder)
    {
        ArgumentNullException.ThrowIfNull(module);
        ArgumentNullException.ThrowIfNull(assembly);
        _ = ModuleMetrics.Collector;
        Export(module, assembly, Path.Combine(helpFolder, $"{typeof(ModuleLifetime).Assembly.GetName().Name}.dll-Help.xml"));
        MethodInfo add = Accelerators.GetMethod("Add")!;
        foreach (Type type in Named)
        {
            add.Invoke(null, [type.FullName, type]);
        }

        return [.. FindOtherCopies()];
    }

    /// <summary>What PowerShell is told of the types of the objects that the commands give.</summary>
    public static TypeData[] CreateTypeData() =>
    [
        .. BarObject.CreateTypeData(),
        .. ShellProperties.CreateTypeData(),
        .. UtcTime.CreateTypeData(typeof(StoreHistoryProvider), typeof(DuckTypedHistoryProvider)),
    ];

    /// <summary>Stops the metrics server that this runspace has started, and returns when its port is free.</summary>
    public static void End()
    {
        ModuleMetrics.StopAsync(onlyOwn: true).GetAwaiter().GetResult();
        MethodInfo remove = Accelerators.GetMethod("Remove")!;
        foreach (Type type in Named)
        {
            remove.Invoke(null, [type.FullName]);
        }
    }

    // Imported again with -Force, PowerShell takes the assembly's module from its cache and forgets to hand its cmdlets to the module
    // (https://github.com/PowerShell/PowerShell/issues/20710), and then does not find their help. Both are done by hand.
    private static void Export(PSModuleInfo module, PSModuleInfo assembly, string helpFile)
    {
        MethodInfo export = typeof(PSModuleInfo).GetMethod("AddExportedCmdlet", Any)!;
        PropertyInfo help = typeof(CmdletInfo).GetProperty(nameof(CmdletInfo.HelpFile), Any)!;
        foreach (CmdletInfo cmdlet in assembly.ExportedCmdlets.Values)
        {
            help.SetValue(cmdlet, helpFile);
            export.Invoke(module, [cmdlet]);
        }
    }

    // The loader gives the module's copy to every assembly that asks for Qmtl, unless another was there first.
    private static IEnumerable<string> FindOtherCopies()
    {
        HashSet<string?> own = [.. Named.Select(static type => type.Assembly.GetName().Name)];
        return AssemblyLoadContext.Default.Assemblies.Where(other => own.Contains(other.GetName().Name)).Select(static other =>
            $"This shell has loaded '{other.Location}' before the module was imported. Strategies and nodes that were built on it "
                + "cannot be run. In a new shell import Qmtl first, then load your own assembly alone.");
    }
}
