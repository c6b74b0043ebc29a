using System.Management.Automation;
using System.Management.Automation.Runspaces;
using System.Threading.Channels;

namespace Qmtl.PowerShell.Pipeline;

/// <summary>
/// Brings calls from any thread to the pipeline thread of the running cmdlet, the only one on which PowerShell lets script run
/// and objects be written. The engine knows nothing of it: the dispatcher of a run follows its tasks. It cannot be a parameter, because
/// a script's source, provider or node is made before any cmdlet runs, and is called by the engine through contracts that know no shell.
/// </summary>
internal sealed class PipelineDispatcher
{
    // How long a stopped cmdlet waits for its work to wind down. Beyond it, the shell has its prompt back, and the work
    // ends by itself a moment later: everything it writes is one whole transaction or nothing.
    private static readonly TimeSpan StopGrace = TimeSpan.FromMilliseconds(700);

    private static readonly AsyncLocal<PipelineDispatcher?> Ambient = new();

    // Those that run, the innermost of each runspace last: that one has the pipeline thread.
    private static readonly List<PipelineDispatcher> Running = [];
    private static readonly Lock RunningGate = new();
    private static TaskCompletionSource _someStarted = NewSignal();

    private readonly Channel<Action> _calls = Channel.CreateUnbounded<Action>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Action<string> _warn;
    private readonly CancellationToken _stopping;
    private readonly Runspace? _runspace = Runspace.DefaultRunspace;
    private readonly TaskCompletionSource _ended = NewSignal();

    private PipelineDispatcher(Action<string> warn, CancellationToken stopping)
    {
        _warn = warn;
        _stopping = stopping;
    }

    /// <summary>
    /// Runs <paramref name="work"/> off the pipeline thread, while this thread, which must be the pipeline's, runs the calls that
    /// the work sends to it. Returns when the work has ended, or shortly after <paramref name="cancellation"/>.
    /// </summary>
    /// <param name="work">What to run; it gets the dispatcher to write with.</param>
    /// <param name="warn">Writes a warning; called on the pipeline thread.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <exception cref="Exception">What the work threw, or what a write into the pipeline threw; the work was then cancelled.</exception>
    public static void Run(Func<PipelineDispatcher, Task> work, Action<string> warn, CancellationTokenSource cancellation)
    {
        var dispatcher = new PipelineDispatcher(warn, cancellation.Token);
        dispatcher.Enlist();
        Task task = Task.Run(async () =>
        {
            Ambient.Value = dispatcher;
            try
            {
                await work(dispatcher);
            }
            finally
            {
                dispatcher._calls.Writer.TryComplete();
            }
        });
        try
        {
            if (dispatcher.Pump())
            {
                task.GetAwaiter().GetResult();
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // Stopped as asked.
        }
        catch when (!task.IsCompleted)
        {
            // The pipeline has ended, and the work does not know yet. Work that failed by itself leaves the command to go on.
            cancellation.Cancel();
            ((IAsyncResult)task).AsyncWaitHandle.WaitOne(StopGrace);
            throw;
        }
        finally
        {
            dispatcher.Delist();
        }
    }

    /// <summary>
    /// Writes into the pipeline and returns when that is done, so that a producer never runs ahead of the commands further down.
    /// An exception of <paramref name="write"/> (the pipeline has ended) ends the whole run.
    /// </summary>
    public Task WriteAsync(Action write)
    {
        var completion = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(() =>
        {
            write();
            completion.SetResult();
        });
        return completion.Task.WaitAsync(_stopping);
    }

    /// <summary>
    /// Writes into the pipeline when its thread comes to it. An exception of <paramref name="write"/> ends the whole run.
    /// </summary>
    /// <returns>Whether it still comes to it; false where the run has ended or is being stopped.</returns>
    public bool Post(Action write) => !_stopping.IsCancellationRequested && _calls.Writer.TryWrite(() =>
    {
        if (!_stopping.IsCancellationRequested)
        {
            write();
        }
    });

    /// <summary>
    /// Does <paramref name="work"/> on the pipeline thread, and returns when it has ended or can no longer begin. What it throws comes
    /// back to the caller, except what ends the pipeline itself (Ctrl-C, a command further down that has enough): that ends the whole run.
    /// </summary>
    public async Task RunAsync(Action work)
    {
        var completion = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _calls.Writer.TryWrite(() =>
        {
            try
            {
                _stopping.ThrowIfCancellationRequested();
                work();
                completion.SetResult();
            }
            catch (Exception exception) when (exception is PipelineStoppedException or FlowControlException)
            {
                completion.SetCanceled(_stopping);
                throw;
            }
            catch (Exception exception)
            {
                completion.SetException(exception);
            }
        });
        if (await Task.WhenAny(completion.Task, _ended.Task) != completion.Task)
        {
            throw new OperationCanceledException(_stopping);
        }

        await completion.Task;
    }

    /// <summary>
    /// Runs <paramref name="script"/> for work that no cmdlet waits for, as soon as any Qmtl cmdlet has the pipeline thread of the
    /// runspace. Until then it waits. It is run once, or once more where the shell was stopped just then.
    /// </summary>
    public static async Task<T> InvokeScriptWhenPossibleAsync<T>(Runspace runspace, Func<T> script, CancellationToken cancellationToken)
    {
        while (true)
        {
            (PipelineDispatcher? dispatcher, Task started) = FindRunning(runspace);
            if (dispatcher is null)
            {
                await started.WaitAsync(cancellationToken);
                continue;
            }

            var completion = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
            dispatcher.Post(() => Complete(completion, script));
            await Task.WhenAny(completion.Task, dispatcher._ended.Task).WaitAsync(cancellationToken);
            if (completion.Task.IsCompleted)
            {
                return await completion.Task;
            }
        }
    }

    /// <summary>Tells the operator of whichever cmdlet has the runspace's pipeline thread.</summary>
    /// <returns>Whether one has, and comes to it.</returns>
    public static bool TryWarn(Runspace runspace, string message) =>
        FindRunning(runspace).Dispatcher is { } dispatcher && dispatcher.Post(() => dispatcher._warn(message));

    /// <summary>
    /// Runs <paramref name="script"/>, which needs PowerShell, where it may run: on the pipeline thread of the Qmtl cmdlet in
    /// whose work this is, or else right here if this thread has a runspace. Its exceptions come back to the caller.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is neither.</exception>
    public static Task<T> InvokeScriptAsync<T>(Func<T> script, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (Ambient.Value is { } dispatcher)
        {
            return dispatcher.InvokeAsync(script, cancellationToken);
        }

        return Runspace.DefaultRunspace is not null
            ? Task.FromResult(script())
            : throw new InvalidOperationException(
                "Script can run only on PowerShell's pipeline thread, and no Qmtl cmdlet is running that could take it there. Use "
                    + "Invoke-QmtlBackfill, Get-QmtlGap or Get-QmtlHistory instead of calling the object's methods.");
    }

    /// <summary>Tells the operator of the running cmdlet; nobody, where none is running.</summary>
    public static void Warn(string message)
    {
        if (Ambient.Value is { } dispatcher)
        {
            dispatcher.Post(() => dispatcher._warn(message));
        }
    }

    private async Task<T> InvokeAsync<T>(Func<T> script, CancellationToken cancellationToken)
    {
        // Continuations leave the pipeline thread at once, so that it can go on pumping.
        var completion = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);

        // What the script calls in turn is part of the same work: only so can it be told that it waits for itself.
        ExecutionContext? flow = ExecutionContext.Capture();
        Post(() =>
        {
            if (!cancellationToken.IsCancellationRequested)
            {
                InFlow(flow, () => Complete(completion, script));
            }
        });

        // A task that outlives the command in whose work it began would wait for a thread that never comes.
        await Task.WhenAny(completion.Task, _ended.Task).WaitAsync(_stopping).WaitAsync(cancellationToken);
        return completion.Task.IsCompleted
            ? await completion.Task
            : throw new InvalidOperationException(
                "The command in whose work this script was to run has ended, and the script can run no more. Have it end before the "
                    + "command does.");
    }

    // On the pipeline thread nothing is to be brought there, and whoever tried would wait for itself.
    private static void InFlow(ExecutionContext? flow, Action work)
    {
        if (flow is null)
        {
            work();
            return;
        }

        ExecutionContext.Run(
            flow,
            static state =>
            {
                Ambient.Value = null;
                ((Action)state!)();
            },
            work);
    }

    private static void Complete<T>(TaskCompletionSource<T> completion, Func<T> script)
    {
        try
        {
            completion.SetResult(script());
        }
        catch (PipelineStoppedException)
        {
            // The operator stopped the shell in the middle of the script: that is no fault of the script.
            throw;
        }
        catch (Exception exception)
        {
            completion.SetException(exception);
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static (PipelineDispatcher? Dispatcher, Task Started) FindRunning(Runspace runspace)
    {
        lock (RunningGate)
        {
            return (Running.FindLast(dispatcher => dispatcher._runspace == runspace), _someStarted.Task);
        }
    }

    private void Enlist()
    {
        TaskCompletionSource started;
        lock (RunningGate)
        {
            Running.Add(this);
            started = _someStarted;
            _someStarted = NewSignal();
        }

        started.SetResult();
    }

    private void Delist()
    {
        lock (RunningGate)
        {
            Running.Remove(this);
        }

        _ended.SetResult();
    }

    /// <summary>Runs calls until the work has ended (true), or until a stopped run has had its grace (false).</summary>
    private bool Pump()
    {
        using var patience = new CancellationTokenSource();
        using CancellationTokenRegistration stop = _stopping.UnsafeRegister(
            static source => ((CancellationTokenSource)source!).CancelAfter(StopGrace), patience);
        try
        {
            while (_calls.Reader.WaitToReadAsync(patience.Token).AsTask().GetAwaiter().GetResult())
            {
                while (_calls.Reader.TryRead(out Action? call))
                {
                    call();
                }
            }

            return true;
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested)
        {
            return false;
        }
    }
}
