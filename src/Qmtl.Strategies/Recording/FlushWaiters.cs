namespace Qmtl.Recording;

/// <summary>Those who wait until so many rows are delivered or set aside.</summary>
internal sealed class FlushWaiters
{
    private readonly Lock _lock = new();
    private readonly List<(long Rows, TaskCompletionSource Source)> _waiting = [];
    private bool _isCancelled;

    /// <summary>A task that ends when <paramref name="rows"/> rows are settled.</summary>
    public Task UntilAsync(long rows)
    {
        var source = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            if (_isCancelled)
            {
                source.SetCanceled();
            }
            else
            {
                _waiting.Add((rows, source));
            }
        }

        return source.Task;
    }

    /// <summary>Says how many rows are settled by now.</summary>
    public void Release(long rows)
    {
        lock (_lock)
        {
            _waiting.RemoveAll(waiter => waiter.Rows <= rows && waiter.Source.TrySetResult());
        }
    }

    /// <summary>Says that no more rows will be settled.</summary>
    public void Cancel()
    {
        lock (_lock)
        {
            _isCancelled = true;
            _waiting.ForEach(waiter => waiter.Source.TrySetCanceled());
            _waiting.Clear();
        }
    }
}
