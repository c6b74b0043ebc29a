using System.Management.Automation;
using Qmtl.Caching;
using Qmtl.Data;
using Qmtl.PowerShell.Arguments;
using Qmtl.PowerShell.Output;
using Qmtl.PowerShell.Pipeline;
using Qmtl.Streams;
using Qmtl.Time;

namespace Qmtl.PowerShell.Commands;

/// <summary>Reads what a node's cache holds.</summary>
[Cmdlet(VerbsCommon.Get, "QmtlCacheSlice", DefaultParameterSetName = LastSet)]
[OutputType(typeof(PSObject))]
public sealed class GetQmtlCacheSliceCommand : PSCmdlet
{
    private const string LastSet = "Last";
    private const string RangeSet = "Range";

    /// <summary>The node or stream.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [ValidateNotNull]
    public Node? InputObject { get; set; }

    /// <summary>Of which upstream, by its id; of the only one by default.</summary>
    [Parameter(Position = 1)]
    [ArgumentCompleter(typeof(UpstreamCompleter))]
    [ValidateNotNullOrEmpty]
    public string? Upstream { get; set; }

    /// <summary>The upstream's interval, where the node holds several of one id.</summary>
    [Parameter]
    [BarIntervalArgument]
    [ArgumentCompleter(typeof(IntervalCompleter))]
    public BarInterval? Interval { get; set; }

    /// <summary>How many of the newest bars; all by default.</summary>
    [Parameter(ParameterSetName = LastSet)]
    [ValidateRange(0, int.MaxValue)]
    public int Last { get; set; } = int.MaxValue;

    /// <summary>Only bars that open at or after this.</summary>
    [Parameter(ParameterSetName = RangeSet)]
    [InstantArgument]
    public DateTimeOffset? Start { get; set; }

    /// <summary>Only bars that open at or before this.</summary>
    [Parameter(ParameterSetName = RangeSet)]
    [InstantArgument(IsEnd = true)]
    public DateTimeOffset? End { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        try
        {
            NodeCache cache = InputObject!.Cache;
            StreamKey upstream = ChooseUpstream(InputObject);
            BarFrame bars = Start is null && End is null
                ? cache.Slice(upstream, Last)
                : cache.Slice(upstream, AskedRange.Between(Start, End));
            WriteObject(CacheObjects.Of(upstream, bars, cache.View), enumerateCollection: true);
        }
        catch (ArgumentException exception)
        {
            ErrorRecords.Refuse(this, exception, InputObject);
        }
    }

    private StreamKey ChooseUpstream(Node node)
    {
        // A node knows its inputs before any bar has come; what it holds can be more.
        IEnumerable<StreamKey> inputs = node.Inputs.Count == 0 ? [node.Key] : node.Inputs.Select(input => input.Key);
        StreamKey[] all = [.. inputs.Union(node.Cache.Upstreams)];
        StreamKey[] meant =
            [.. all.Where(key => (Upstream is null || key.NodeId == Upstream) && (Interval is null || key.Interval == Interval))];
        return meant switch
        {
            [var only] => only,
            [] =>
                throw new ArgumentException(
                    $"The node '{node.Name}' has no upstream {Upstream} {Interval}".TrimEnd() + $". It has {string.Join(", ", all)}."),
            _ =>
                throw new ArgumentException(
                    $"The node '{node.Name}' has several upstreams: {string.Join(", ", meant)}. Name one with "
                        + $"-Upstream{(Upstream is null ? string.Empty : " and -Interval")}."),
        };
    }
}
