using System.Management.Automation;
using Qmtl.Backfill;
using Qmtl.PowerShell.Arguments;
using Qmtl.PowerShell.Pipeline;
using Qmtl.Time;

namespace Qmtl.PowerShell.Commands;

/// <summary>The base of the commands that look at a range of one stream: on the command line, or of each object that is piped in.</summary>
public abstract class StreamRangeCommand : AsyncCommand
{
    /// <summary>Whose history.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [HistoryProviderArgument]
    [ValidateNotNull]
    public IHistoryProvider? Provider { get; set; }

    /// <summary>The node.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(NodeIdCompleter))]
    public string? NodeId { get; set; }

    /// <summary>The interval.</summary>
    [Parameter(Mandatory = true, Position = 2, ValueFromPipelineByPropertyName = true)]
    [BarIntervalArgument]
    [ArgumentCompleter(typeof(IntervalCompleter))]
    public BarInterval Interval { get; set; }

    /// <summary>The first instant; each command says what it is by default.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [InstantArgument]
    public DateTimeOffset? Start { get; set; }

    /// <summary>The last instant, inside; each command says what it is by default.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [InstantArgument]
    public DateTimeOffset? End { get; set; }
}
