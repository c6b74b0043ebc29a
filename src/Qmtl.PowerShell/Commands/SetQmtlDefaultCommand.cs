using System.Management.Automation;
using Qmtl.Backfill;
using Qmtl.PowerShell.Arguments;

namespace Qmtl.PowerShell.Commands;

/// <summary>Says whose history the commands of this shell look at where they are given no provider.</summary>
[Cmdlet(VerbsCommon.Set, "QmtlDefault")]
[OutputType(typeof(IHistoryProvider))]
public sealed class SetQmtlDefaultCommand : PSCmdlet
{
    /// <summary>The provider; null for none again.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [HistoryProviderArgument]
    [AllowNull]
    public IHistoryProvider? Provider { get; set; }

    /// <summary>Whether the provider is given out.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        DefaultProvider.Current = Provider;
        if (PassThru)
        {
            WriteObject(Provider);
        }
    }
}
