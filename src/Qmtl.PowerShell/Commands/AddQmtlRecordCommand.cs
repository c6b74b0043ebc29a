using System.Management.Automation;
using Qmtl.Data;
using Qmtl.PowerShell.Arguments;
using Qmtl.PowerShell.Pipeline;
using Qmtl.PowerShell.Recording;
using Qmtl.PowerShell.Scripting;
using Qmtl.Recording;
using Qmtl.Time;

namespace Qmtl.PowerShell.Commands;

/// <summary>Records rows.</summary>
[Cmdlet(VerbsCommon.Add, "QmtlRecord")]
[OutputType(typeof(RecorderReport))]
public sealed class AddQmtlRecordCommand : AsyncCommand
{
    private const int RowsPerFrame = 1000;

    private readonly Dictionary<StreamKey, List<object>> _waiting = [];

    /// <summary>The recorder.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [RecorderArgument]
    [ValidateNotNull]
    public Recorder? Recorder { get; set; }

    /// <summary>The stream's node id.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string? NodeId { get; set; }

    /// <summary>The length of the stream's bars.</summary>
    [Parameter(Mandatory = true, Position = 2, ValueFromPipelineByPropertyName = true)]
    [BarIntervalArgument]
    [ArgumentCompleter(typeof(IntervalCompleter))]
    public BarInterval Interval { get; set; }

    /// <summary>A row: an object or a hashtable with its time (ts, Time or Timestamp) and its columns.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true)]
    [ValidateNotNull]
    public PSObject? InputObject { get; set; }

    /// <summary>Emits what became of the recorder's rows.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        try
        {
            var stream = new StreamKey(NodeId!, Interval);
            if (!_waiting.TryGetValue(stream, out List<object>? rows))
            {
                _waiting.Add(stream, rows = []);
            }

            rows.Add(RecordedRow.Of(InputObject!));
            if (rows.Count == RowsPerFrame)
            {
                Run(cancellationToken => RecordAsync(stream, rows, cancellationToken), Recorder);
            }
        }
        catch (ArgumentException exception)
        {
            Refuse(exception, InputObject);
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        Run(
            async cancellationToken =>
            {
                foreach ((StreamKey stream, List<object> rows) in _waiting)
                {
                    await RecordAsync(stream, rows, cancellationToken);
                }

                await Recorder!.Service.FlushAsync(cancellationToken);
                await WriteAsync(() => Tell(Recorder.GetReport()));
            },
            Recorder);
    }

    private async Task RecordAsync(StreamKey stream, List<object> rows, CancellationToken cancellationToken)
    {
        RawBars raw = ScriptRows.ToRawBars(rows);
        rows.Clear();
        ValidatedBars valid = raw.Validate(stream.Interval, SpanOf(raw, stream.Interval), lastClosedBar: long.MaxValue);

        // Of rows of one bar the last holds, as it does where they are recorded one after the other: that is no loss.
        RejectedRows lost = valid.Rejected.ByReason
            .Where(reason => reason.Key != RejectionReason.Duplicate)
            .Aggregate(RejectedRows.None, (sum, reason) => sum.Plus(reason.Key, reason.Value));
        if (lost.Total > 0)
        {
            Post(() => WriteWarning($"{stream}: {lost.Total} rows were not recorded: {lost}."));
        }

        await Recorder!.Service.RecordAsync(stream, valid.Frame, cancellationToken);
    }

    // Rows are asked for by nobody, so whatever time they are of is inside.
    private static TimeRange SpanOf(RawBars raw, BarInterval interval)
    {
        (long first, long last) = (long.MaxValue, long.MinValue);
        foreach (long timestamp in raw.Timestamps.Span)
        {
            long bar = interval.Floor(timestamp);
            (first, last) = (Math.Min(first, bar), Math.Max(last, bar));
        }

        return first <= last ? new TimeRange(first, last) : new TimeRange(0, 0);
    }

    private void Tell(RecorderReport report)
    {
        if (PassThru)
        {
            WriteObject(report);
        }
    }
}
