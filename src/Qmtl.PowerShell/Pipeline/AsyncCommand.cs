using System.Management.Automation;
using Qmtl.Messages;
using Qmtl.PowerShell.Monitoring;

namespace Qmtl.PowerShell.Pipeline;

/// <summary>
/// The base of every cmdlet that does work: it owns the cancellation (Ctrl-C), runs the work off the pipeline thread and brings
/// what it writes back onto it.
/// </summary>
public abstract class AsyncCommand : PSCmdlet, IDisposable
{
    private readonly CancellationTokenSource _cancellation = new();

    // What a job is to do, one after the other.
    private readonly List<Func<AsyncCommand, CancellationToken, Task>> _forJob = [];
    private PipelineDispatcher? _dispatcher;

    /// <summary>Cancelled when the command is stopped; for what begins before <see cref="Run"/>.</summary>
    private protected CancellationToken WhenStopped => _cancellation.Token;

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Begins the job, where there is work for one. A command that has an end of its own calls this at its end.</summary>
    protected override void EndProcessing()
    {
        if (_forJob.Count > 0)
        {
            StartJob();
        }
    }

    /// <inheritdoc/>
    protected override void StopProcessing()
    {
        try
        {
            _cancellation.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The command had just ended by itself.
        }
    }

    /// <summary>Disposes what the command owns.</summary>
    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
        {
            _cancellation.Dispose();
        }
    }

    /// <summary>
    /// Runs <paramref name="work"/> off the pipeline thread and returns when it has ended. Its exceptions become terminating errors.
    /// </summary>
    private protected void Run(Func<CancellationToken, Task> work, object? target = null)
    {
        try
        {
            Dispatch(work);
        }
        catch (Exception exception) when (ErrorRecords.IsForOperator(exception))
        {
            ThrowTerminatingError(ErrorRecords.From(exception, target));
        }
    }

    /// <summary>
    /// The same for one of the records that are piped in: what goes wrong with it does not keep the others from their turn.
    /// </summary>
    private protected void RunForRecord(Func<CancellationToken, Task> work, object? target)
    {
        try
        {
            Dispatch(work);
        }
        catch (Exception exception) when (ErrorRecords.IsForOperator(exception))
        {
            Refuse(exception, target);
        }
    }

    /// <summary>
    /// <see cref="Run"/>s what takes long, or leaves it to the job of an <see cref="ILongCommand"/>, which begins when all has come that is
    /// piped in.
    /// </summary>
    /// <param name="work">What to do, by the command that it is given: in a job a copy that writes there, since this one is over when its
    /// pipeline is, with the parameters of the last record.</param>
    /// <param name="target">What it is about, for an error record.</param>
    private protected void RunLong<T>(Func<T, CancellationToken, Task> work, object? target = null)
        where T : AsyncCommand
    {
        if (IsForJob)
        {
            _forJob.Add((command, token) => work((T)command, token));
        }
        else
        {
            Run(token => work((T)this, token), target);
        }
    }

    /// <summary>From the work for a record: does at once what takes long, or leaves it to the job, as <see cref="RunLong"/>.</summary>
    private protected Task DoLongAsync<T>(Func<T, CancellationToken, Task> work, object? target, CancellationToken cancellationToken)
        where T : AsyncCommand
    {
        if (!IsForJob)
        {
            return work((T)this, cancellationToken);
        }

        _forJob.Add(async (command, token) =>
        {
            try
            {
                await work((T)command, token);
            }
            catch (Exception exception) when (ErrorRecords.IsForOperator(exception))
            {
                await command.WriteAsync(() => command.Refuse(exception, target));
            }
        });
        return Task.CompletedTask;
    }

    /// <summary>From the work: writes objects one after the other and waits until the commands further down have taken them.</summary>
    private protected Task OutputAsync(IEnumerable<object> values) => WriteAsync(() =>
    {
        foreach (object value in values)
        {
            WriteObject(value);
        }
    });

    /// <summary>From the work: writes into the pipeline on its thread, and waits until the commands further down have taken it.</summary>
    private protected Task WriteAsync(Action write) => Dispatcher.WriteAsync(write);

    /// <summary>From the work: does something that computes and writes on the pipeline thread. What it throws comes back.</summary>
    private protected Task OnPipelineAsync(Action work) => Dispatcher.RunAsync(work);

    /// <summary>
    /// From the work, on any thread: does something on the pipeline thread, such as writing a warning, and does not wait for it.
    /// </summary>
    private protected void Post(Action write) => Dispatcher.Post(write);

    /// <summary>Warns, as <see cref="PlainText"/>.</summary>
    private protected new void WriteWarning(string text) => base.WriteWarning(PlainText.Escape(text));

    /// <summary>Writes an error, which is shown as <see cref="PlainText"/>.</summary>
    private protected new void WriteError(ErrorRecord error) => base.WriteError(ErrorRecords.AsPlainText(error));

    /// <summary>Tells, as <see cref="PlainText"/>, who wants to know more.</summary>
    private protected new void WriteVerbose(string text) => base.WriteVerbose(PlainText.Escape(text));

    /// <summary>Asks the operator or PowerShell's preferences, as <see cref="PlainText"/>, whether to do it.</summary>
    private protected new bool ShouldProcess(string target, string action) =>
        base.ShouldProcess(PlainText.OneLine(target), PlainText.OneLine(action));

    /// <inheritdoc cref="ErrorRecords.Refuse"/>
    private protected void Refuse(Exception exception, object? target) => ErrorRecords.Refuse(this, exception, target);

    // What was given with the command, or else what the shell says of all commands.
    private string? Preference(string parameter)
    {
        object? said = MyInvocation.BoundParameters.TryGetValue(parameter, out object? given)
            ? given
            : GetVariableValue($"{parameter}Preference");
        return said?.ToString();
    }

    private bool IsTold(string stream) => Preference(stream) is not (null or "False" or "SilentlyContinue" or "Ignore");

    private protected bool IsForJob => this is ILongCommand { AsJob.IsPresent: true };

    private void StartJob()
    {
        var job = new CommandJob(MyInvocation.Line.Trim(), JobRepository);
        var there = (AsyncCommand)MemberwiseClone();
        there.CommandRuntime = new CommandJob.Runtime(job, Host, IsTold, Preference("ErrorAction") is "Stop");
        job.Start(stopping => there.Dispatch(
            async token =>
            {
                foreach (Func<AsyncCommand, CancellationToken, Task> work in _forJob)
                {
                    await work(there, token);
                }
            },
            stopping));
        WriteObject(job);
    }

    private void Dispatch(Func<CancellationToken, Task> work) => Dispatch(work, _cancellation);

    private void Dispatch(Func<CancellationToken, Task> work, CancellationTokenSource cancellation)
    {
        ModuleMetrics.StartPush(WriteWarning);
        PipelineDispatcher.Run(
            dispatcher =>
            {
                _dispatcher = dispatcher;
                return work(cancellation.Token);
            },
            WriteWarning,
            cancellation);
    }

    private PipelineDispatcher Dispatcher => _dispatcher ?? throw new InvalidOperationException("Only the work of Run can write this way.");
}
