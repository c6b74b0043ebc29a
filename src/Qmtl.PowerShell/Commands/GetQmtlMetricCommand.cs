using System.Management.Automation;
using Qmtl.Metrics.Collection;
using Qmtl.PowerShell.Arguments;
using Qmtl.PowerShell.Monitoring;
using Qmtl.PowerShell.Output;

namespace Qmtl.PowerShell.Commands;

/// <summary>Tells what was measured in this process.</summary>
[Cmdlet(VerbsCommon.Get, "QmtlMetric")]
[OutputType(typeof(Metric))]
public sealed class GetQmtlMetricCommand : PSCmdlet
{
    /// <summary>Names, with wildcards; all by default.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(MetricNameCompleter))]
    public string[] Name { get; set; } = ["*"];

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        ModuleMetrics.WarnOfOverflow(WriteWarning);
        IReadOnlyList<MetricFamily> families = ModuleMetrics.Collector.Collect();
        foreach (string name in Name)
        {
            Write(families, name);
        }
    }

    private void Write(IReadOnlyList<MetricFamily> families, string name)
    {
        var pattern = WildcardPattern.Get(name, WildcardOptions.IgnoreCase);
        bool isKnown = WildcardPattern.ContainsWildcardCharacters(name);
        foreach (MetricFamily family in families)
        {
            bool isFamily = pattern.IsMatch(family.Name);
            isKnown |= isFamily
                || (family.Type == MetricType.Histogram
                        && (pattern.IsMatch(family.Name + "_count") || pattern.IsMatch(family.Name + "_sum")));
            WriteObject(
                family.Points.SelectMany(point => Metric.From(family, point)).Where(metric => isFamily || pattern.IsMatch(metric.Name)),
                enumerateCollection: true);
        }

        if (!isKnown)
        {
            var error = new ItemNotFoundException(
                $"There is no metric '{name}'. 'Get-QmtlMetric' lists those that were measured, and docs/metrics.md all.");
            WriteError(new ErrorRecord(error, "MetricNotFound", ErrorCategory.ObjectNotFound, name));
        }
    }
}
