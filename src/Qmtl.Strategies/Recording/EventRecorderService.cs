using Microsoft.Extensions.Logging;
using Qmtl.Data;
using Qmtl.Payloads;
using Qmtl.Recording.Spooling;
using Qmtl.Time;

namespace Qmtl.Recording;

/// <summary>
/// Records what streams and nodes produce without keeping them waiting. <c>Record</c> copies a row into the spool, files on disk, and
/// returns; one task delivers the rows in batches to an <see cref="IEventRecorder"/>.
/// </summary>
/// <remarks>
/// <para>
/// What <c>Record</c> has accepted is delivered at least once. It survives the recorder being away for as long as the spool has room,
/// and the death of the process at any instant: the next service for the same <see cref="IEventRecorder.Identity"/> takes the rows over
/// and delivers them first. It need not survive the machine losing power. Where the spool is full, or the disk takes no more,
/// <c>Record</c> waits; nothing is thrown away to make room.
/// </para>
/// <para>
/// A bar recorded twice is stored once, and each column holds what was recorded last; a column that a row does not have is left as it
/// is. Payloads become columns: a bar's own columns; for a number or a text the column <c>value</c>; for an object or a dictionary one
/// for each field, in which numbers are doubles, unless a field's type is a 64-bit integer or its value needs more than 53 bits. No payload
/// is no row.
/// </para>
/// <para>
/// Any number of threads may record, and what one thread records of a bar takes effect in its order. A batch is delivered stream by
/// stream, by time; of a bar that was recorded more than once in it, a recorder may get only the last.
/// </para>
/// </remarks>
public sealed class EventRecorderService : IAsyncDisposable, IStreamBound
{
    private readonly EventRecorderOptions _options;
    private readonly TimeProvider _timeProvider;
    private readonly Action<RecorderEvent> _raise;
    private readonly SpoolFolder _folder;
    private readonly Spool _spool;
    private readonly RowDelivery _delivery;
    private readonly DeliveryLoop _loop;
    private readonly IDisposable _measured;
    private volatile TaskCompletionSource _away = NewSignal();
    private int _isDisposed;

    /// <summary>A service that delivers to <paramref name="recorder"/>, which it owns and disposes.</summary>
    /// <param name="recorder">Where the rows end up.</param>
    /// <param name="options">How it works; null for the defaults.</param>
    /// <param name="timeProvider">The clock of every delay; null for the system's.</param>
    /// <param name="onEvent">Told of everything that happens, from any thread; it must return quickly and not throw.</param>
    /// <param name="loggerFactory">Makes the logger that is told the same; null for none.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is outside its limits.</exception>
    public EventRecorderService(
        IEventRecorder recorder,
        EventRecorderOptions? options = null,
        TimeProvider? timeProvider = null,
        Action<RecorderEvent>? onEvent = null,
        ILoggerFactory? loggerFactory = null)
    {
        ArgumentNullException.ThrowIfNull(recorder);
        _options = options ?? new EventRecorderOptions();
        _options.Validate();
        _timeProvider = timeProvider ?? TimeProvider.System;
        _raise = NoteAbsence;
        _raise += onEvent;
        if (loggerFactory is not null)
        {
            _raise += new RecorderLog(loggerFactory.CreateLogger<EventRecorderService>()).Write;
        }

        Destination = recorder;
        _folder = new SpoolFolder(_options.SpoolFolder, recorder.Identity, _timeProvider.GetUtcNow());
        _delivery = new RowDelivery(recorder, new RefusedRows(_folder, _timeProvider), _options, _timeProvider, _raise);
        _spool = new Spool(_folder, _options.SpoolLimit, _options.SegmentBytes)
        {
            OnFull = (bytes, diskError) => _raise(diskError is null
                ? new RecorderSpoolFull(recorder.DisplayName, bytes)
                : new RecorderSpoolUnavailable(recorder.DisplayName, _folder.FullPath, diskError)),
        };
        _loop = new DeliveryLoop(_spool, _delivery, recorder, _options, _timeProvider, _raise);
        _measured = RecorderInstruments.Shared.Register(
            recorder.DisplayName,
            () => GetReport() is var report ? new(report.Queued, report.Delivered, report.Refused, report.Dropped) : default);
    }

    /// <summary>Where the rows end up.</summary>
    public IEventRecorder Destination { get; }

    /// <summary>Tells the recorder its stream, where it wants to know.</summary>
    /// <param name="stream">The stream.</param>
    public void BindStream(StreamKey stream) => (Destination as IStreamBound)?.BindStream(stream);

    /// <summary>
    /// Records one row. Returns at once, unless the spool or the disk is full; then it waits until there is room, and an event says why.
    /// </summary>
    /// <param name="stream">The stream.</param>
    /// <param name="timestamp">A time inside the bar: Unix seconds, UTC. It is floored to the bar's open.</param>
    /// <param name="payload">What to record; nothing is recorded where there is none.</param>
    /// <param name="cancellationToken">Ends the wait for room; the row is not recorded then.</param>
    /// <exception cref="ArgumentException">The timestamp is no Unix seconds before the year 2100, the payload or a field of it is a list or
    /// an object without a text form, a field's name cannot be a column's, or the row is larger than the whole spool.</exception>
    /// <exception cref="ObjectDisposedException">The service is disposed; the row is not recorded.</exception>
    public void Record(StreamKey stream, long timestamp, Payload payload, CancellationToken cancellationToken = default)
    {
        RecordedRows rows = RowOf(stream, timestamp, payload);
        Append(ref rows, cancellationToken);
    }

    /// <summary>
    /// Records the rows of a frame. Returns at once, unless the spool or the disk is full; then it waits until there is room, and an event
    /// says why.
    /// </summary>
    /// <param name="stream">The stream.</param>
    /// <param name="rows">The rows. Where they are of another interval, their times are floored to the stream's.</param>
    /// <param name="cancellationToken">Ends the wait for room; the first of the rows may be recorded then, and the others are not.</param>
    /// <exception cref="ArgumentException">A row is larger than the whole spool.</exception>
    /// <exception cref="ObjectDisposedException">The service is disposed; the first of the rows may be recorded.</exception>
    public void Record(StreamKey stream, BarFrame rows, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(rows);
        var recorded = new RecordedRows(stream, rows);
        Append(ref recorded, cancellationToken);
    }

    /// <summary>
    /// The same as <see cref="Record(StreamKey, long, Payload, CancellationToken)"/>, for callers that must not be blocked while the spool
    /// is full.
    /// </summary>
    public async ValueTask RecordAsync(StreamKey stream, long timestamp, Payload payload, CancellationToken cancellationToken = default) =>
        await AppendAsync(RowOf(stream, timestamp, payload), cancellationToken);

    /// <summary>
    /// The same as <see cref="Record(StreamKey, BarFrame, CancellationToken)"/>, for callers that must not be blocked while the spool is
    /// full.
    /// </summary>
    public async ValueTask RecordAsync(StreamKey stream, BarFrame rows, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(rows);
        await AppendAsync(new RecordedRows(stream, rows), cancellationToken);
    }

    /// <summary>
    /// Delivers now, and waits until all rows recorded before, and those taken over from other processes, are delivered or set aside.
    /// While the recorder is away, that is until it is back.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait; the rows are delivered all the same.</param>
    /// <exception cref="OperationCanceledException">The wait was cancelled, or the service disposed.</exception>
    public Task FlushAsync(CancellationToken cancellationToken = default) => _loop.FlushAsync(cancellationToken);

    /// <summary>
    /// The same, for callers that do not wait for a recorder that is away: ends as soon as that turns out, or when the recorder has taken
    /// nothing for <see cref="EventRecorderOptions.Patience"/>. The rows are safe in the spool then, and delivered when it takes rows
    /// again.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait; the rows are delivered all the same.</param>
    /// <returns>Whether everything is delivered or set aside.</returns>
    /// <exception cref="OperationCanceledException">The wait was cancelled, or the service disposed.</exception>
    public async Task<bool> TryFlushAsync(CancellationToken cancellationToken = default)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task flushed = _loop.FlushAsync(enough.Token);
        try
        {
            Task away = _away.Task;
            long settledBefore = -1;
            while (true)
            {
                (long delivered, long refused, _, _) = _delivery.State;
                if (delivered + refused == settledBefore)
                {
                    return false;
                }

                settledBefore = delivered + refused;
                Task first = await Task.WhenAny(flushed, away, Task.Delay(_options.Patience, _timeProvider, enough.Token));
                if (first == away)
                {
                    return false;
                }

                if (flushed.IsCompleted)
                {
                    await flushed;
                    return true;
                }

                cancellationToken.ThrowIfCancellationRequested();
            }
        }
        finally
        {
            await enough.CancelAsync();
        }
    }

    /// <summary>What became of the rows so far; also after the service was disposed.</summary>
    public RecorderReport GetReport()
    {
        (long delivered, long refused, bool isAway, string? lastError) = _delivery.State;
        (long queued, long bytes) = _spool.Count();
        return new RecorderReport
        {
            Recorded = _spool.Appended,
            Adopted = _loop.Adopted,
            Queued = queued,
            SpooledBytes = bytes,
            Delivered = delivered,
            Refused = refused,
            Dropped = _loop.Lost,
            IsAway = isAway,
            LastError = lastError ?? _spool.DiskError?.Message,
            SpoolFolder = _folder.FullPath,
        };
    }

    /// <summary>
    /// Takes no more rows, delivers for at most <see cref="EventRecorderOptions.ShutdownTimeout"/>, and disposes the recorder. What is
    /// not delivered then stays in the spool for the next service; <see cref="GetReport"/> and the last event say how much that is.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0)
        {
            return;
        }

        // At the end, so that the last reading has what this delivers and loses.
        using IDisposable measured = _measured;
        _spool.Close();
        try
        {
            await _loop.FlushAsync(CancellationToken.None).WaitAsync(_options.ShutdownTimeout, _timeProvider);
        }
        catch (TimeoutException)
        {
            // The rest stays in the spool.
        }

        await _loop.DisposeAsync();
        _spool.Release();
        try
        {
            await Destination.DisposeAsync();
        }
        finally
        {
            _raise(new RecorderClosed(Destination.DisplayName, GetReport()));
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void NoteAbsence(RecorderEvent happened)
    {
        switch (happened)
        {
            case RecorderAway:
                _away.TrySetResult();
                break;
            case RecorderBack:
                _away = NewSignal();
                break;
        }
    }

    private static RecordedRows RowOf(StreamKey stream, long timestamp, Payload payload)
    {
        UnixTime.RequireSeconds(timestamp);
        return payload.Kind switch
        {
            PayloadKind.None => default,
            PayloadKind.Number => new RecordedRows(stream, timestamp, payload.Number),
            PayloadKind.Bar => new RecordedRows(stream, timestamp, payload.Bar.Columns, payload.Bar.Index),
            _ => new RecordedRows(stream, timestamp, PayloadColumns.Of(payload.ToObject()!), 0),
        };
    }

    private void Append(ref RecordedRows rows, CancellationToken cancellationToken)
    {
        while (rows.Count > 0 && !TryAppend(ref rows, out Task room))
        {
            _spool.WaitFor(room, cancellationToken);
        }
    }

    private async ValueTask AppendAsync(RecordedRows rows, CancellationToken cancellationToken)
    {
        while (rows.Count > 0 && !TryAppend(ref rows, out Task room))
        {
            await _spool.WaitForAsync(room, cancellationToken);
        }
    }

    private bool TryAppend(ref RecordedRows rows, out Task room)
    {
        int before = rows.Count;
        try
        {
            return _spool.TryAppend(ref rows, out room);
        }
        finally
        {
            if (rows.Count < before)
            {
                _loop.Notice(before - rows.Count);
            }

            if (rows.Count > 0)
            {
                // Whoever waits for room does not wait for the flush interval as well.
                _loop.Wake();
            }
        }
    }
}
