using System.Management.Automation;
using Qmtl.PowerShell.Monitoring;
using Qmtl.PowerShell.Pipeline;

namespace Qmtl.PowerShell.Commands;

/// <summary>Stops to serve metrics.</summary>
[Cmdlet(VerbsLifecycle.Stop, "QmtlMetricsServer", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Low)]
[OutputType(typeof(void))]
public sealed class StopQmtlMetricsServerCommand : AsyncCommand
{
    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (ModuleMetrics.Server is not { } server)
        {
            WriteVerbose("No metrics are served.");
        }
        else if (ShouldProcess(server.Uri.ToString(), "Stop to serve metrics"))
        {
            Run(_ => ModuleMetrics.StopAsync(), server);
        }
    }
}
