using System.Management.Automation;
using System.Net;
using Qmtl.Metrics.Serving;
using Qmtl.PowerShell.Monitoring;
using Qmtl.PowerShell.Output;
using Qmtl.PowerShell.Pipeline;

namespace Qmtl.PowerShell.Commands;

/// <summary>Serves metrics for Prometheus.</summary>
[Cmdlet(VerbsLifecycle.Start, "QmtlMetricsServer", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Low)]
[OutputType(typeof(MetricsServerInfo))]
public sealed class StartQmtlMetricsServerCommand : PSCmdlet
{
    /// <summary>The port; 8000 by default, and 0 for any that is free.</summary>
    [Parameter(Position = 0)]
    [ValidateRange(IPEndPoint.MinPort, IPEndPoint.MaxPort)]
    public int Port { get; set; } = MetricsServerOptions.DefaultPort;

    /// <summary>The address to listen on; this machine alone by default.</summary>
    [Parameter(Position = 1)]
    [ValidateNotNullOrEmpty]
    public string Address { get; set; } = IPAddress.Loopback.ToString();

    /// <summary>Whether the server is written to the pipeline.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        try
        {
            var options = new MetricsServerOptions { Port = Port, Address = MetricsServerOptions.ParseAddress(Address) };
            if (!ShouldProcess($"port {Port} of {options.Address}", "Serve metrics"))
            {
                return;
            }

            bool isNew = ModuleMetrics.TryServe(options);
            MetricsServer server = ModuleMetrics.Server!;
            if (!isNew)
            {
                RequireSame(server, options);
            }
            else if (!IPAddress.IsLoopback(options.Address))
            {
                WriteWarning($"Whoever reaches {options.Address} can read the metrics: there is no password.");
            }

            WriteVerbose(isNew ? $"Metrics are at {server.Uri}." : $"Metrics are at {server.Uri} already.");
            if (PassThru)
            {
                WriteObject(new MetricsServerInfo(server));
            }
        }
        catch (Exception exception) when (ErrorRecords.IsForOperator(exception))
        {
            ThrowTerminatingError(ErrorRecords.From(exception, exception is FormatException ? Address : Port));
        }
    }

    private static void RequireSame(MetricsServer server, MetricsServerOptions options)
    {
        if (!server.EndPoint.Address.Equals(options.Address) || (options.Port != 0 && options.Port != server.EndPoint.Port))
        {
            throw new InvalidOperationException(
                $"Metrics are served at {server.Uri} already. Stop that server first with Stop-QmtlMetricsServer.");
        }
    }
}
