using System.Collections;
using System.Management.Automation;
using Qmtl.Metrics.Export;
using Qmtl.PowerShell.Arguments;
using Qmtl.PowerShell.Monitoring;
using Qmtl.PowerShell.Pipeline;

namespace Qmtl.PowerShell.Commands;

/// <summary>Writes what was measured in this process to a file for node_exporter.</summary>
[Cmdlet(VerbsData.Export, "QmtlMetric", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Low)]
[OutputType(typeof(FileInfo))]
public sealed class ExportQmtlMetricCommand : AsyncCommand
{
    /// <summary>The file, which ends in .prom and is replaced.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ValidateNotNullOrEmpty]
    public string? Path { get; set; }

    /// <summary>Labels that every series gets besides its own.</summary>
    [Parameter]
    [ValidateNotNull]
    public IDictionary Label { get; set; } = new Hashtable();

    /// <summary>Whether the file is written to the pipeline.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        ConstantLabels labels;
        string path;
        try
        {
            path = ArgumentPath.Resolve(this, Path!);
            MetricsFile.Validate(path);
            labels = ConstantLabels.Create(Label.Cast<DictionaryEntry>()
                .Select(label => KeyValuePair.Create($"{label.Key}", LanguagePrimitives.ConvertTo<string>(label.Value)))
                .OrderBy(label => label.Key, StringComparer.Ordinal));
        }
        catch (ArgumentException exception)
        {
            Refuse(exception, Path);
            return;
        }

        if (!ShouldProcess(path, "Write metrics"))
        {
            return;
        }

        ModuleMetrics.WarnOfOverflow(WriteWarning);
        Run(cancellationToken => MetricsFile.WriteAsync(path, ModuleMetrics.Collector, labels, cancellationToken), path);
        if (PassThru)
        {
            WriteObject(new FileInfo(path));
        }
    }
}
