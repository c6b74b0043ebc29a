using System.Collections;
using System.Management.Automation;
using Qmtl.Backfill;
using Qmtl.PowerShell.Arguments;
using Qmtl.PowerShell.Pipeline;
using Qmtl.PowerShell.Recording;
using Qmtl.PowerShell.Scripting;
using Qmtl.Streams;
using Qmtl.Time;

namespace Qmtl.PowerShell.Commands;

/// <summary>Makes a stream: where bars enter a strategy.</summary>
[Cmdlet(VerbsCommon.New, "QmtlStreamInput")]
[OutputType(typeof(StreamInput))]
public sealed class NewQmtlStreamInputCommand : PSCmdlet
{
    /// <summary>The stream's id, for an exchange the symbol; derived from interval, tags and configuration by default.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true)]
    [ArgumentCompleter(typeof(NodeIdCompleter))]
    [ValidateNotNullOrEmpty]
    public string? NodeId { get; set; }

    /// <summary>The length of the stream's bars.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    [BarIntervalArgument]
    [ArgumentCompleter(typeof(IntervalCompleter))]
    public BarInterval Interval { get; set; }

    /// <summary>How many bars the stream's cache keeps, which is also how many a warm-up loads; 1 by default.</summary>
    [Parameter(Position = 2)]
    [ValidateRange(1, int.MaxValue)]
    public int Period { get; set; } = 1;

    /// <summary>Where the stream's history comes from.</summary>
    [Parameter]
    [Alias("Provider")]
    [HistoryProviderArgument]
    public IHistoryProvider? HistoryProvider { get; set; }

    /// <summary>The word of the provider's source for what the stream is of; the node id by default.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Symbol { get; set; }

    /// <summary>What records each bar that is processed.</summary>
    [Parameter]
    [RecorderArgument]
    public Recorder? Recorder { get; set; }

    /// <summary>Words that tell this stream from others.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[] Tag { get; set; } = [];

    /// <summary>Settings that tell this stream from others, by name.</summary>
    [Parameter]
    public IDictionary? Configuration { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        try
        {
            WriteObject(new StreamInput(new StreamInputOptions
            {
                NodeId = NodeId,
                Interval = Interval,
                Period = Period,
                HistoryProvider = HistoryProvider,
                Symbol = Symbol,
                EventService = Recorder?.Service,
                Tags = Tag,
                Configuration = TextTable.Of(Configuration, nameof(Configuration)),
            }));
        }
        catch (ArgumentException exception)
        {
            ErrorRecords.Refuse(this, exception, NodeId);
        }
    }
}
