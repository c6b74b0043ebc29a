using System.Collections;
using System.Management.Automation;
using Qmtl.PowerShell.Arguments;
using Qmtl.PowerShell.Pipeline;
using Qmtl.PowerShell.Scripting;
using Qmtl.Streams;
using Qmtl.Time;

namespace Qmtl.PowerShell.Commands;

/// <summary>Makes a node: a script block that computes a result for each new bar of its inputs.</summary>
[Cmdlet(VerbsCommon.New, "QmtlNode")]
[OutputType(typeof(Node))]
public sealed class NewQmtlNodeCommand : PSCmdlet
{
    private readonly List<Node> _inputs = [];

    /// <summary>What people call the node.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ValidateNotNullOrEmpty]
    public string? Name { get; set; }

    /// <summary>Computes the result: the view is $_ and the first argument.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    public ScriptBlock? ScriptBlock { get; set; }

    /// <summary>The nodes and streams that it computes from; all that are piped are inputs of the one node.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true)]
    [ValidateNotNull]
    public Node[]? InputObject { get; set; }

    /// <summary>How many bars of each input it needs before it computes; 1 by default.</summary>
    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    public int Period { get; set; } = 1;

    /// <summary>When it computes where it has several inputs: for each of them (the default), or once all have the time's bar.</summary>
    [Parameter]
    public NodeTrigger Trigger { get; set; }

    /// <summary>The interval of its results; the shortest of its inputs' by default.</summary>
    [Parameter]
    [BarIntervalArgument]
    [ArgumentCompleter(typeof(IntervalCompleter))]
    public BarInterval? Interval { get; set; }

    /// <summary>The node's id; derived from what makes the node different by default.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? NodeId { get; set; }

    /// <summary>Words that tell this node from others.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[] Tag { get; set; } = [];

    /// <summary>Settings that tell this node from others, by name.</summary>
    [Parameter]
    public IDictionary? Configuration { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => _inputs.AddRange(InputObject!);

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        try
        {
            WriteObject(new ScriptNode(ScriptBlock!, new NodeOptions
            {
                Name = Name,
                Inputs = _inputs,
                Period = Period,
                Trigger = Trigger,
                Interval = Interval,
                NodeId = NodeId,
                Tags = Tag,
                Configuration = TextTable.Of(Configuration, nameof(Configuration)),
            }));
        }
        catch (ArgumentException exception)
        {
            ThrowTerminatingError(ErrorRecords.From(exception, Name));
        }
    }
}
