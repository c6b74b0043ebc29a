using System.Collections.Concurrent;

namespace Qmtl.Sweeping;

/// <summary>
/// The thread that a run computes on. Runs take all processors for as long as they like; on threads of the pool they would keep from it
/// whatever else the process has to do, such as to tell the members of a cluster that it lives.
/// </summary>
internal sealed class SweepThread : IDisposable
{
    private readonly BlockingCollection<(Action Work, TaskCompletionSource Done)> _work = [];

    /// <summary>Starts it.</summary>
    public SweepThread() => new Thread(Compute) { IsBackground = true, Name = "qmtl run", Priority = ThreadPriority.BelowNormal }.Start();

    /// <summary>Does work on it. What that throws comes back.</summary>
    public Task RunAsync(Action work)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _work.Add((work, done));
        return done.Task;
    }

    /// <summary>Lets it end.</summary>
    public void Dispose() => _work.CompleteAdding();

    private void Compute()
    {
        foreach ((Action work, TaskCompletionSource done) in _work.GetConsumingEnumerable())
        {
            try
            {
                work();
                done.SetResult();
            }
            catch (Exception error)
            {
                done.SetException(error);
            }
        }

        _work.Dispose();
    }
}
