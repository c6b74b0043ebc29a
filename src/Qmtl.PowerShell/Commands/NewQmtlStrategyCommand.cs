using System.Management.Automation;
using Qmtl.PowerShell.Pipeline;
using Qmtl.Strategies;
using Qmtl.Streams;

namespace Qmtl.PowerShell.Commands;

/// <summary>Makes a strategy of nodes.</summary>
[Cmdlet(VerbsCommon.New, "QmtlStrategy")]
[OutputType(typeof(Strategy))]
public sealed class NewQmtlStrategyCommand : PSCmdlet
{
    private readonly List<Node> _nodes = [];

    /// <summary>What people call the strategy.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ValidateNotNullOrEmpty]
    public string? Name { get; set; }

    /// <summary>Its nodes; what they compute from need not be listed.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipeline = true)]
    [ValidateNotNull]
    public Node[]? Node { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => _nodes.AddRange(Node!);

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        try
        {
            var strategy = new NodeStrategy(Name!, _nodes);

            // Looked at once, so that two nodes of one id are found here and not when it runs.
            _ = strategy.Nodes;
            WriteObject(strategy);
        }
        catch (Exception exception) when (ErrorRecords.IsForOperator(exception))
        {
            ThrowTerminatingError(ErrorRecords.From(exception, Name));
        }
    }
}
