namespace Qmtl.PowerShell.Monitoring;

/// <summary>
/// What happens when a shell imports the module and when it removes it. The module's script calls it: PowerShell itself would not
/// tell the assembly of its removal once the module was imported again with <c>-Force</c>.
/// </summary>
public static class ModuleLifetime
{
    /// <summary>Begins to measure.</summary>
    public static void Begin() => _ = ModuleMetrics.Collector;

    /// <summary>Stops the metrics server that this runspace has started, and returns when its port is free.</summary>
    public static void End() => ModuleMetrics.StopAsync(onlyOwn: true).GetAwaiter().GetResult();
}
