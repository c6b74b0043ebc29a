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
[Cmdlet(VerbsCommon.Add, "QmtlRecord", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[OutputType(typeof(RecorderReport))]
public sealed class AddQmtlRecordCommand : AsyncCommand
{
    private readonly Dictionary<StreamKey, RejectedRows> _lost = [];

    // An operator is asked once for a stream, not for each of its rows.
    private readonly Dictionary<StreamKey, bool> _approved = [];

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
    protected override void BeginProcessing()
    {
        try
        {
            Recorder?.RequireRunspace();
        }
        catch (InvalidOperationException exception)
        {
            ThrowTerminatingError(ErrorRecords.From(exception, Recorder));
        }
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        try
        {
            // At once: what was piped is kept whatever becomes of the pipeline and of this process.
            var stream = new StreamKey(NodeId!, Interval);
            IReadOnlyList<KeyValuePair<string, object?>> row = RecordedRow.Of(InputObject!);
            if (IsApproved(stream))
            {
                Record(stream, row);
            }
        }
        catch (ObjectDisposedException exception)
        {
            ThrowTerminatingError(ErrorRecords.From(
                new InvalidOperationException($"The recorder of {Recorder!.DisplayName} was disposed and takes no more rows. Make a new one with New-QmtlRecorder.", exception),
                Recorder));
        }
        catch (ArgumentException exception)
        {
            Refuse(exception, InputObject);
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        foreach ((StreamKey stream, RejectedRows lost) in _lost)
        {
            WriteWarning($"{stream}: {lost.Total} rows were not recorded: {lost}.");
        }

        if (_approved.Count > 0 && !_approved.ContainsValue(true))
        {
            return;
        }

        Run(
            async cancellationToken =>
            {
                using IDisposable following = Follow();
                await Recorder!.Service.FlushAsync(cancellationToken);
                await WriteAsync(() => Tell(Recorder.GetReport()));
            },
            Recorder);
    }

    private bool IsApproved(StreamKey stream)
    {
        if (!_approved.TryGetValue(stream, out bool approved))
        {
            approved = ShouldProcess(stream.ToString(), $"Record rows to {Recorder!.DisplayName}");
            _approved.Add(stream, approved);
        }

        return approved;
    }

    private void Record(StreamKey stream, IReadOnlyList<KeyValuePair<string, object?>> row)
    {
        RawBars raw = ScriptRows.ToRawBars([row]);
        ValidatedBars valid = raw.Validate(stream.Interval, SpanOf(raw, stream.Interval), lastClosedBar: long.MaxValue);
        if (valid.Rejected.Total > 0)
        {
            _lost[stream] = _lost.GetValueOrDefault(stream, RejectedRows.None).Plus(valid.Rejected);
            return;
        }

        ValueTask recorded = Recorder!.Service.RecordAsync(stream, valid.Frame, WhenStopped);
        if (recorded.IsCompleted)
        {
            recorded.GetAwaiter().GetResult();
        }
        else
        {
            // The spool is full. A recorder of script needs this thread to make room.
            Task waiting = recorded.AsTask();
            Run(
                async _ =>
                {
                    using IDisposable following = Follow();
                    await waiting;
                },
                Recorder);
        }
    }

    // Whoever waits for a recorder that is away must know why.
    private IDisposable Follow() => Recorder!.Follow(warning => Post(() => WriteWarning(warning)));

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
