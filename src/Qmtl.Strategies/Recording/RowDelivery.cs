using System.Runtime.ExceptionServices;
using Polly;
using Polly.Retry;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.History;

namespace Qmtl.Recording;

/// <summary>
/// Gives frames to the recorder: again and again while it is away, and aside into a file what it refuses for good. Knows whether it is
/// away, and counts. Used by one task.
/// </summary>
internal sealed class RowDelivery
{
    // Enough to find a handful of bad rows among a hundred thousand, and few where every row is bad.
    private const int MostRefusals = 64;

    private readonly IEventRecorder _recorder;
    private readonly RefusedRows _refused;
    private readonly TimeProvider _timeProvider;
    private readonly Action<RecorderEvent> _raise;
    private readonly ResiliencePipeline _pipeline;
    private readonly Lock _lock = new();
    private long? _awaySince;
    private long _delivered;
    private long _refusedRows;
    private string? _lastError;

    public RowDelivery(
        IEventRecorder recorder, RefusedRows refused, EventRecorderOptions options, TimeProvider timeProvider, Action<RecorderEvent> raise)
    {
        _recorder = recorder;
        _refused = refused;
        _timeProvider = timeProvider;
        _raise = raise;
        _pipeline = new ResiliencePipelineBuilder { TimeProvider = timeProvider }
            .AddRetry(new RetryStrategyOptions
            {
                MaxRetryAttempts = int.MaxValue,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = options.RetryDelay,
                MaxDelay = options.MaxRetryDelay,
                ShouldHandle = args => ValueTask.FromResult(
                    args.Outcome.Exception is { } error && !args.Context.CancellationToken.IsCancellationRequested && MayPass(error)),
                DelayGenerator = args => ValueTask.FromResult(TransientErrors.RetryAfter(args.Outcome.Exception!)),
                OnRetry = args =>
                {
                    NoteAway(args.Outcome.Exception!);
                    return ValueTask.CompletedTask;
                },
            })
            .Build();
    }

    /// <summary>Rows delivered, rows refused, whether the recorder is away, and what it complained of last.</summary>
    public (long Delivered, long Refused, bool IsAway, string? LastError) State
    {
        get
        {
            lock (_lock)
            {
                return (_delivered, _refusedRows, _awaySince is not null, _lastError);
            }
        }
    }

    /// <summary>Delivers a frame, and sets aside those of its rows that the recorder refuses for good. Returns when that is done.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="frame">The rows.</param>
    /// <param name="cancellationToken">Ends tries and waits; rows may be neither delivered nor set aside then.</param>
    /// <returns>How many rows were set aside.</returns>
    public async Task<int> DeliverAsync(StreamKey stream, BarFrame frame, CancellationToken cancellationToken)
    {
        var refused = new List<BarFrame>();
        Exception? reason = null;
        int refusals = 0;
        var parts = new Stack<BarFrame>([frame]);
        while (parts.TryPop(out BarFrame? part))
        {
            if (await PersistAsync(stream, part, cancellationToken) is not { } refusal)
            {
                continue;
            }

            // One bad row must not keep thousands of good ones out of the store.
            reason ??= refusal.Reason;
            BarFrame rest = part.Slice(refusal.Taken, part.Count - refusal.Taken);
            if (refusal.IsOfOneRow)
            {
                refused.Add(rest.Slice(0, 1));
                Push(parts, rest.Slice(1, rest.Count - 1));
            }
            else if (rest.Count > 1 && refusals++ < MostRefusals)
            {
                int half = rest.Count / 2;
                Push(parts, rest.Slice(half, rest.Count - half));
                Push(parts, rest.Slice(0, half));
            }
            else
            {
                refused.Add(rest);
            }
        }

        if (reason is not null && refused.Count > 0)
        {
            await SetAsideAsync(stream, refused, reason, cancellationToken);
        }

        return refused.Sum(part => part.Count);
    }

    /// <summary>Counts rows that are settled for good.</summary>
    public void Count(long delivered, long refused)
    {
        lock (_lock)
        {
            _delivered += delivered;
            _refusedRows += refused;
        }
    }

    /// <summary>Remembers what went wrong beside the recorder.</summary>
    public void NoteError(Exception error)
    {
        lock (_lock)
        {
            _lastError = error.Message;
        }
    }

    private static bool MayPass(Exception error) =>
        TransientErrors.IsTransient(error) || error is StoreException { ConcernsWholeStore: true };

    private static void Push(Stack<BarFrame> parts, BarFrame part)
    {
        if (part.Count > 0)
        {
            parts.Push(part);
        }
    }

    // A refusal for good; null where the rows are taken. What the recorder says that it took is not given to it again.
    private async Task<Refusal?> PersistAsync(StreamKey stream, BarFrame frame, CancellationToken cancellationToken)
    {
        int taken = 0;
        bool knowsRow = false;
        Refusal? refusal = null;
        try
        {
            await UntilItPassesAsync(
                async token =>
                {
                    knowsRow = false;
                    try
                    {
                        // A recorder that does not heed the token must not keep the process from ending.
                        await _recorder.PersistAsync(stream, frame.Slice(taken, frame.Count - taken), token).WaitAsync(token);
                    }
                    catch (PartlyPersistedException part) when (part.RowsPersisted < frame.Count - taken)
                    {
                        taken += part.RowsPersisted;
                        knowsRow = true;
                        ExceptionDispatchInfo.Throw(part.InnerException!);
                    }
                },
                cancellationToken);
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            NoteError(error);
            refusal = new Refusal(taken, knowsRow, error);
        }

        NoteBack();
        foreach (string warning in _recorder.TakeWarnings(stream))
        {
            _raise(new RecorderWarned(_recorder.DisplayName, stream, warning));
        }

        return refusal;
    }

    private async Task SetAsideAsync(StreamKey stream, List<BarFrame> frames, Exception reason, CancellationToken cancellationToken)
    {
        string file = string.Empty;
        await UntilItPassesAsync(
            _ =>
            {
                try
                {
                    file = _refused.Add(stream, frames, _recorder.DisplayName, reason);
                    return ValueTask.CompletedTask;
                }
                catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
                {
                    // The rows stay in the spool until they can be set aside.
                    throw new StoreException($"{reason.Message} The rows cannot be set aside: {problem.Message}", problem)
                    {
                        IsTransient = true,
                    };
                }
            },
            cancellationToken);
        NoteBack();
        _raise(new RecorderRowsRefused(_recorder.DisplayName, stream, frames.Sum(frame => frame.Count), file, reason));
    }

    private ValueTask UntilItPassesAsync(Func<CancellationToken, ValueTask> action, CancellationToken cancellationToken) =>
        _pipeline.ExecuteAsync(static async (act, token) => await act(token), action, cancellationToken);

    private void NoteAway(Exception error)
    {
        lock (_lock)
        {
            _lastError = error.Message;
            if (_awaySince is not null)
            {
                return;
            }

            _awaySince = _timeProvider.GetTimestamp();
        }

        _raise(new RecorderAway(_recorder.DisplayName, error));
    }

    private void NoteBack()
    {
        long since;
        lock (_lock)
        {
            if (_awaySince is not { } away)
            {
                return;
            }

            since = away;
            _awaySince = null;
        }

        _raise(new RecorderBack(_recorder.DisplayName, _timeProvider.GetElapsedTime(since)));
    }

    /// <summary>The recorder refuses rows for good, after it has taken the first ones.</summary>
    private readonly record struct Refusal(int Taken, bool IsOfOneRow, Exception Reason);
}
