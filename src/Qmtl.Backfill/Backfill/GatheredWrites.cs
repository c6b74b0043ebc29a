using Qmtl.History;

namespace Qmtl.Backfill;

/// <summary>
/// Commits what many streams write, together: what has gathered, up to what the store likes. It waits for more only as long as more
/// comes, and never longer than a person notices; what gathers during a commit is the next.
/// </summary>
/// <param name="store">Where to.</param>
/// <param name="cancellationToken">Ends the commit that is being made, of which nothing is kept then, and all that would follow.</param>
internal sealed class GatheredWrites(IHistoryStore store, CancellationToken cancellationToken)
{
    // Real time, whatever the clock of the bars: it is how long a thread takes to come by, and a source over a network is slower anyway.
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(2);
    private const int MostMoments = 25;

    private readonly Lock _gate = new();
    private readonly Queue<Pending> _waiting = new();
    private bool _isCommitting;

    /// <summary>Writes a stream's pages with whatever else is written; when it returns, they are committed.</summary>
    /// <exception cref="StoreException">They were refused, or the store cannot be reached; nothing of them was written.</exception>
    public Task WriteAsync(StreamWrite write)
    {
        var pending = new Pending(write);
        lock (_gate)
        {
            _waiting.Enqueue(pending);
            if (!_isCommitting)
            {
                _isCommitting = true;
                _ = Task.Run(CommitAllAsync, CancellationToken.None);
            }
        }

        return pending.Task;
    }

    private async Task CommitAllAsync()
    {
        await GatherAsync();
        while (Take() is { Count: > 0 } batch)
        {
            try
            {
                IReadOnlyList<StoreException?> outcomes = await store.WriteManyAsync(
                    [.. batch.Select(pending => pending.Write)], cancellationToken);
                for (int i = 0; i < batch.Count; i++)
                {
                    batch[i].End(outcomes[i]);
                }
            }
            catch (OperationCanceledException error)
            {
                batch.ForEach(pending => pending.TrySetCanceled(error.CancellationToken));
            }
            catch (Exception error)
            {
                batch.ForEach(pending => pending.End(error));
            }

            await GatherAsync();
        }
    }

    // A commit costs about as much as a hundred rows, and answers of one source often come close together.
    private async Task GatherAsync()
    {
        int before = 0;
        for (int moment = 0; moment < MostMoments && Waiting() is int waiting && waiting > before; moment++)
        {
            before = waiting;
            await Task.Delay(Moment, CancellationToken.None);
        }
    }

    private int Waiting()
    {
        lock (_gate)
        {
            return _waiting.Count;
        }
    }

    private List<Pending> Take()
    {
        lock (_gate)
        {
            var batch = new List<Pending>(_waiting.Count);
            long most = store.Info.BarsPerWrite;
            for (long bars = 0; bars < most && _waiting.TryDequeue(out Pending? pending);)
            {
                batch.Add(pending);
                bars += Math.Max(1, pending.Write.Pages.Sum(page => (long)page.Frame.Count));
            }

            _isCommitting = batch.Count > 0;
            return batch;
        }
    }

    private sealed class Pending(StreamWrite write) : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public StreamWrite Write => write;

        public void End(Exception? error)
        {
            if (error is null)
            {
                TrySetResult();
            }
            else
            {
                TrySetException(error);
            }
        }
    }
}
