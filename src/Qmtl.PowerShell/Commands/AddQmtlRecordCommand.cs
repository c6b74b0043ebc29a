using System.Collections.Concurrent;
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

    private readonly HashSet<(StreamKey Stream, SourceNoteKind Kind)> _told = [];

    private readonly Dictionary<StreamKey, TimeNumbers> _times = [];

    private readonly HashSet<StreamKey> _mixed = [];

    // An operator is asked once for a stream, not for each of its rows.
    private readonly Dictionary<StreamKey, bool> _approved = [];

    // What happens to the recorder while nothing waits for it is told with the next row.
    private readonly ConcurrentQueue<string> _warnings = new();
    private IDisposable? _following;
    private volatile bool _isWaiting;

    /// <summary>The recorder.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [RecorderArgument]
    [ValidateNotNull]
    public Recorder? Recorder { get; set; }

    /// <summary>The stream's node id.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipelineByPropertyName = true)]
    [Alias("node_id")]
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

    /// <summary>Waits until all rows are delivered, also while the recorder's store is away.</summary>
    [Parameter]
    public SwitchParameter Wait { get; set; }

    /// <summary>How many seconds -Wait waits at most; 30 by default.</summary>
    [Parameter]
    [ValidateRange(1, 86400)]
    public int TimeoutSec { get; set; } = 30;

    /// <summary>Emits what became of the recorder's rows.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        try
        {
            Recorder!.RequireRunspace();
            if (MyInvocation.BoundParameters.ContainsKey(nameof(TimeoutSec)) && !Wait)
            {
                throw new ArgumentException(
                    "-TimeoutSec says how long -Wait waits. Give -Wait as well, or leave -TimeoutSec out: the command then returns when "
                        + "the rows are safe in the spool.");
            }
        }
        catch (Exception exception) when (exception is InvalidOperationException or ArgumentException)
        {
            ThrowTerminatingError(ErrorRecords.From(exception, Recorder));
        }

        _following = Recorder!.Follow(Hear);
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        TellWarnings();
        try
        {
            // At once: what was piped is kept whatever becomes of the pipeline and of this process.
            var stream = new StreamKey(NodeId!, Interval);
            BarFrame? refused = RecordedRow.OfRefused(InputObject!, Interval);
            IReadOnlyList<KeyValuePair<string, object?>> row = refused is null ? RecordedRow.Of(InputObject!) : [];
            if (IsApproved(stream) && (refused ?? Read(stream, row)) is { } frame)
            {
                Record(stream, frame);
            }
        }
        catch (ObjectDisposedException exception)
        {
            ThrowTerminatingError(ErrorRecords.From(
                new InvalidOperationException(
                    $"The recorder of {Recorder!.DisplayName} was disposed and takes no more rows. Make a new one with New-QmtlRecorder.",
                    exception),
                Recorder));
        }
        catch (ArgumentException exception)
        {
            Refuse(exception, InputObject);
        }

        TellWarnings();
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        TellWarnings();
        foreach ((StreamKey stream, RejectedRows lost) in _lost)
        {
            WriteWarning($"{stream}: {lost.Total} rows were not recorded: {lost}.");
        }

        if (_approved.Count > 0 && !_approved.ContainsValue(true))
        {
            return;
        }

        bool isDelivered = false;
        WaitFor(async cancellationToken => isDelivered = await DeliverAsync(cancellationToken));
        if (!isDelivered && !Stopping && Recorder!.DescribeWaiting() is { } waiting)
        {
            TellWaiting(waiting);
        }

        if (PassThru)
        {
            WriteObject(Recorder!.GetReport());
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _following?.Dispose();
        }

        base.Dispose(disposing);
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

    // Null where the row cannot be recorded, which is told at the end.
    private BarFrame? Read(StreamKey stream, IReadOnlyList<KeyValuePair<string, object?>> row)
    {
        RawBars raw = ScriptRows.ToRawBars([row]);
        LookAtTime(stream, row);
        foreach (SourceNote note in raw.Notes.Where(note => _told.Add((stream, note.Kind))))
        {
            Tell(stream, note);
        }

        RejectedRows lost = FindFault(raw, stream.Interval);
        if (lost.Total > 0)
        {
            _lost[stream] = _lost.GetValueOrDefault(stream, RejectedRows.None).Plus(lost);
            return null;
        }

        return new BarFrame(stream.Interval, raw.Timestamps, raw.Columns);
    }

    private void Record(StreamKey stream, BarFrame frame)
    {
        ValueTask recorded = Recorder!.Service.RecordAsync(stream, frame, WhenStopped);
        if (recorded.IsCompleted)
        {
            recorded.GetAwaiter().GetResult();
        }
        else
        {
            // The spool is full. A recorder of script needs this thread to make room.
            Task waiting = recorded.AsTask();
            WaitFor(_ => waiting);
        }
    }

    // Each row is kept at once, and so its time is read by itself; that a pipeline's times count several units is told when it shows.
    private void LookAtTime(StreamKey stream, IReadOnlyList<KeyValuePair<string, object?>> row)
    {
        if (!_times.TryGetValue(stream, out TimeNumbers? times))
        {
            _times.Add(stream, times = new TimeNumbers());
        }

        object? time = WholeNumber.Unwrap(row.FirstOrDefault(field => field.Key == ColumnNames.Timestamp).Value);
        if (TimestampValue.Look(time, out long number, out _) == TimestampValue.Kind.Number
            && times.LookAt(number) && times.AreOfSeveralUnits && _mixed.Add(stream))
        {
            WriteWarning($"{stream}: {times.Describe()}.");
        }
    }

    private void Tell(StreamKey stream, SourceNote note)
    {
        string text = $"{stream}: {note.Text}.";
        if (note.IsWarning)
        {
            WriteWarning(text);
        }
        else
        {
            WriteVerbose(text);
        }
    }

    private async Task<bool> DeliverAsync(CancellationToken cancellationToken)
    {
        if (!Wait)
        {
            return await Recorder!.Service.TryFlushAsync(cancellationToken);
        }

        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(TimeSpan.FromSeconds(TimeoutSec));
        try
        {
            await Recorder!.Service.FlushAsync(patience.Token);
            return true;
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    // Whoever asked for delivery and does not get it must be told by more than a warning.
    private void TellWaiting(string waiting)
    {
        if (!Wait)
        {
            WriteWarning($"{waiting} -Wait waits for that.");
            return;
        }

        WriteError(new ErrorRecord(
            new TimeoutException($"{waiting} -Wait gave it {TimeoutSec} s; -TimeoutSec gives it more."),
            "DeliveryTimedOut",
            ErrorCategory.OperationTimeout,
            Recorder));
    }

    // Waits for the recorder; whoever does must know at once why it takes long.
    private void WaitFor(Func<CancellationToken, Task> work)
    {
        Run(
            async cancellationToken =>
            {
                _isWaiting = true;
                Post(TellWarnings);
                try
                {
                    await work(cancellationToken);
                }
                finally
                {
                    _isWaiting = false;
                }
            },
            Recorder);
        TellWarnings();
    }

    // From any thread.
    private void Hear(string warning)
    {
        _warnings.Enqueue(warning);
        if (_isWaiting)
        {
            Post(TellWarnings);
        }
    }

    private void TellWarnings()
    {
        while (_warnings.TryDequeue(out string? warning))
        {
            WriteWarning(warning);
        }
    }

    // What makes the one row impossible to store. A number that is none (NaN) is a field without a value, as everywhere in a recorder.
    private static RejectedRows FindFault(RawBars raw, BarInterval interval) => raw switch
    {
        { Unreadable.Total: > 0 } => raw.Unreadable,
        _ when !interval.IsOnGrid(raw.Timestamps.Span[0]) || !raw.Nanoseconds.IsEmpty => RejectedRows.None.Plus(RejectionReason.OffGrid, 1),

        // Of the one row, a price or count that cannot be read.
        _ when raw.Notes.Any(note => note.Kind == SourceNoteKind.Value) => RejectedRows.None.Plus(RejectionReason.NotANumber, 1),
        _ when raw.Columns.All(column => column.IsNull(0)) => RejectedRows.None.Plus(RejectionReason.NoPayload, 1),
        _ => RejectedRows.None,
    };
}
