using Qmtl.Data;
using Qmtl.Recording.Spooling;

namespace Qmtl.Recording;

/// <summary>
/// The one task that empties a spool: when enough rows wait, when the oldest has waited long enough, and when it is asked to. Whatever
/// waits at that moment is delivered, in batches.
/// </summary>
internal sealed class DeliveryLoop : IAsyncDisposable
{
    // Only a fault of this library or of the disk under the spool comes here; nothing is lost, and it is not worth a busy loop.
    private static readonly TimeSpan DelayAfterFault = TimeSpan.FromSeconds(5);

    private readonly Spool _spool;
    private readonly RowDelivery _delivery;
    private readonly string _destination;
    private readonly Func<int> _batchRows;
    private readonly TimeSpan _flushInterval;
    private readonly TimeProvider _timeProvider;
    private readonly Action<RecorderEvent> _raise;
    private readonly ITimer _timer;
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _wake = new(0);
    private readonly TaskCompletionSource _adopted = NewSignal();
    private readonly Task _running;
    private TaskCompletionSource _progress = NewSignal();
    private int _isAwake;
    private long _pending;
    private long _settled;
    private long _lost;

    public DeliveryLoop(
        Spool spool,
        RowDelivery delivery,
        IEventRecorder recorder,
        EventRecorderOptions options,
        TimeProvider timeProvider,
        Action<RecorderEvent> raise)
    {
        _spool = spool;
        _delivery = delivery;
        _destination = recorder.DisplayName;
        // Asked each time: a store may learn only with its first write how many it likes best.
        _batchRows = () => options.BatchRows ?? Math.Max(1, recorder.RowsPerWrite);
        _flushInterval = options.FlushInterval;
        _timeProvider = timeProvider;
        _raise = raise;
        _timer = timeProvider.CreateTimer(
            static loop => ((DeliveryLoop)loop!).Wake(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _running = Task.Run(RunAsync);
    }

    /// <summary>Rows taken over from processes that have ended.</summary>
    public long Adopted { get; private set; }

    /// <summary>Rows that the spool could not give back; the file that holds them is kept.</summary>
    public long Lost => Interlocked.Read(ref _lost);

    /// <summary>Says that rows were appended.</summary>
    public void Notice(long rows)
    {
        long pending = Interlocked.Add(ref _pending, rows);
        int batch = _batchRows();
        if (pending >= batch && pending - rows < batch)
        {
            Wake();
        }
        else if (pending > 0 && pending - rows <= 0)
        {
            // Rows are appended before they are counted, so a batch may have taken them first; the count is below zero for that moment.
            StartTimer();
        }
    }

    /// <summary>Waits until all rows that were appended before are delivered or set aside.</summary>
    /// <exception cref="OperationCanceledException">The wait was cancelled, or the loop has ended before.</exception>
    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        await _adopted.Task.WaitAsync(cancellationToken);
        long target = _spool.Appended + Adopted;
        Wake();
        while (true)
        {
            Task progress = Volatile.Read(ref _progress).Task;
            if (Interlocked.Read(ref _settled) >= target && !progress.IsCanceled)
            {
                return;
            }

            await progress.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Ends the task, wherever it is.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        await _timer.DisposeAsync();
        _progress.TrySetCanceled();
        _stop.Dispose();
    }

    /// <summary>Has everything delivered that waits.</summary>
    public void Wake()
    {
        if (Interlocked.Exchange(ref _isAwake, 1) == 0)
        {
            _wake.Release();
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void StartTimer() => _timer.Change(_flushInterval, Timeout.InfiniteTimeSpan);

    private async Task RunAsync()
    {
        try
        {
            Adopt();
            while (true)
            {
                await _wake.WaitAsync(_stop.Token);
                Volatile.Write(ref _isAwake, 0);
                await DeliverAllAsync();
            }
        }
        catch (Exception) when (_stop.IsCancellationRequested)
        {
            // The service is being disposed; whatever was under way stays in the spool.
        }
    }

    private void Adopt()
    {
        try
        {
            (Adopted, List<string> damaged) = _spool.Adopt();
            foreach (string file in damaged)
            {
                _raise(new RecorderSpoolDamaged(_destination, file));
            }
        }
        catch (Exception error)
        {
            // What others left waits for the next process; it must not keep this one's rows.
            _delivery.NoteError(error);
            _raise(new RecorderSpoolDamaged(_destination, _spool.FolderPath));
        }
        finally
        {
            _adopted.SetResult();
        }

        if (Adopted > 0)
        {
            Interlocked.Add(ref _pending, Adopted);
            Wake();
        }
    }

    // What is appended meanwhile waits for its own time, or is many enough to go on with.
    private async Task DeliverAllAsync()
    {
        long target = _spool.Appended + Adopted;
        while (_settled < target || Interlocked.Read(ref _pending) >= _batchRows())
        {
            try
            {
                if (_spool.TakeBatch(_batchRows()) is not { } batch)
                {
                    break;
                }

                await DeliverAsync(batch);
            }
            catch (Exception error) when (!_stop.IsCancellationRequested)
            {
                _delivery.NoteError(error);
                await Task.Delay(DelayAfterFault, _timeProvider, _stop.Token);
            }
        }

        if (Interlocked.Read(ref _pending) > 0)
        {
            StartTimer();
        }
    }

    private async Task DeliverAsync(RowBatch batch)
    {
        long started = _timeProvider.GetTimestamp();
        long refused = 0;
        foreach ((StreamKey stream, BarFrame frame) in batch.ToFrames())
        {
            refused += await _delivery.DeliverAsync(stream, frame, _stop.Token);
        }

        long readable = batch.Rows - batch.LostRows;
        _spool.Complete(batch);
        _delivery.Count(readable - refused, refused);
        Interlocked.Add(ref _lost, batch.LostRows);
        Interlocked.Add(ref _pending, -batch.Rows);
        Interlocked.Add(ref _settled, batch.Rows);
        try
        {
            foreach ((SpoolSegment segment, Exception error) in batch.Damages)
            {
                _delivery.NoteError(new InvalidDataException($"Rows of the spool cannot be read: {error.Message}", error));
                _raise(new RecorderSpoolDamaged(_destination, segment.FilePath + SpoolFolder.DamagedExtension));
            }

            if (readable > 0)
            {
                _raise(new RecorderFlushed(_destination, readable, _timeProvider.GetElapsedTime(started)));
            }
        }
        finally
        {
            Interlocked.Exchange(ref _progress, NewSignal()).SetResult();
        }
    }
}
