using System.Management.Automation;
using System.Management.Automation.Host;

namespace Qmtl.PowerShell.Pipeline;

/// <summary>
/// A command's work that goes on in the background of the same process, as -AsJob asks for: what it writes waits, alive and not as a copy,
/// for Receive-Job, and Stop-Job ends it as Ctrl-C would. It has a thread of its own in the pipeline thread's place, and no runspace, so
/// that script cannot run in it.
/// </summary>
internal sealed class CommandJob : Job
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly JobRepository _jobs;
    private string _status = string.Empty;

    // The thread that tells whoever waits that the job has ended; none before and after.
    private int _telling;

    /// <summary>A job that has not begun.</summary>
    /// <param name="command">The line that it came from, for Get-Job.</param>
    /// <param name="jobs">The shell's jobs, of which it becomes one.</param>
    public CommandJob(string command, JobRepository jobs)
        : base(command)
    {
        PSJobTypeName = "QmtlJob";
        _jobs = jobs;
        _jobs.Add(this);
    }

    /// <inheritdoc/>
    public override bool HasMoreData
    {
        get
        {
            ReturnToBeRemoved();
            return Output.Count > 0 || Error.Count > 0 || Warning.Count > 0
                || Verbose.Count > 0 || Debug.Count > 0 || Information.Count > 0;
        }
    }

    /// <inheritdoc/>
    public override string Location => Environment.MachineName;

    /// <summary>How far it is, in the words of the last progress.</summary>
    public override string StatusMessage => _status;

    /// <summary>Begins: runs the work, and whatever it writes through the dispatcher, on a thread of the job's own.</summary>
    /// <param name="run">Does all of it and returns when it has ended; it gets what cancels it.</param>
    public void Start(Action<CancellationTokenSource> run)
    {
        SetJobState(JobState.Running);
        var thread = new Thread(() =>
        {
            try
            {
                run(_stopping);
                End(_stopping.IsCancellationRequested ? JobState.Stopped : JobState.Completed);
            }
            catch (Exception exception)
            {
                if (exception is not ActionPreferenceStopException)
                {
                    Error.Add(ErrorRecords.AsPlainText(ErrorRecords.From(exception, null)));
                }

                End(JobState.Failed);
            }
        })
        {
            IsBackground = true,
            Name = "Qmtl job",
        };
        thread.Start();
    }

    /// <inheritdoc/>
    public override void StopJob()
    {
        if (!IsFinishedState(JobStateInfo.State))
        {
            _stopping.Cancel();
            Finished.WaitOne();
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            StopJob();
            _stopping.Dispose();
        }

        base.Dispose(disposing);
    }

    private void End(JobState state)
    {
        _telling = Environment.CurrentManagedThreadId;
        SetJobState(state);
        _telling = 0;
    }

    // Receive-Job -AutoRemoveJob removes a job twice that ends while it hands on what there was when it came: once when that is done, and
    // once more when it hears of the end, which is an error then. It asks HasMoreData just before.
    private void ReturnToBeRemoved()
    {
        if (_telling == Environment.CurrentManagedThreadId && _jobs.GetJob(InstanceId) is null)
        {
            _jobs.Add(this);
        }
    }

    private static bool IsFinishedState(JobState state) => state is JobState.Completed or JobState.Failed or JobState.Stopped;

    /// <summary>What the job's command writes to.</summary>
    /// <param name="job">The job.</param>
    /// <param name="host">The shell's host.</param>
    /// <param name="chosen">Whether a detail is wanted: Verbose and Debug would pile up in a job that nobody asks for them.</param>
    /// <param name="stopsAtError">Whether the first error ends the job.</param>
    internal sealed class Runtime(CommandJob job, PSHost host, Predicate<string> chosen, bool stopsAtError) : ICommandRuntime2
    {
        private readonly bool _tellsVerbose = chosen("Verbose");
        private readonly bool _tellsDebug = chosen("Debug");

        public PSHost Host => host;

        public PSTransactionContext? CurrentPSTransaction => null;

        public void WriteObject(object? sendToPipeline) => job.Output.Add(PSObject.AsPSObject(sendToPipeline ?? string.Empty));

        public void WriteObject(object? sendToPipeline, bool enumerateCollection)
        {
            if (enumerateCollection && LanguagePrimitives.GetEnumerable(sendToPipeline) is { } many)
            {
                foreach (object? one in many)
                {
                    WriteObject(one);
                }
            }
            else
            {
                WriteObject(sendToPipeline);
            }
        }

        public void WriteError(ErrorRecord errorRecord)
        {
            job.Error.Add(errorRecord);
            if (stopsAtError)
            {
                throw new ActionPreferenceStopException(errorRecord.ToString());
            }
        }

        public void ThrowTerminatingError(ErrorRecord errorRecord) => throw errorRecord.Exception;

        public void WriteWarning(string text) => job.Warning.Add(new WarningRecord(text));

        public void WriteInformation(InformationRecord informationRecord) => job.Information.Add(informationRecord);

        public void WriteVerbose(string text)
        {
            if (_tellsVerbose)
            {
                job.Verbose.Add(new VerboseRecord(text));
            }
        }

        public void WriteDebug(string text)
        {
            if (_tellsDebug)
            {
                job.Debug.Add(new DebugRecord(text));
            }
        }

        public void WriteCommandDetail(string text)
        {
        }

        // Only the newest counts, and a job may run for days.
        public void WriteProgress(ProgressRecord progressRecord)
        {
            job._status = $"{progressRecord.Activity}: {progressRecord.StatusDescription}";
            job.Progress.Clear();
            job.Progress.Add(progressRecord);
        }

        public void WriteProgress(long sourceId, ProgressRecord progressRecord) => WriteProgress(progressRecord);

        // The operator was asked before the job began, and nobody is there to be asked now.
        public bool ShouldProcess(string? target) => true;

        public bool ShouldProcess(string? target, string? action) => true;

        public bool ShouldProcess(string? verboseDescription, string? verboseWarning, string? caption) => true;

        public bool ShouldProcess(
            string? verboseDescription, string? verboseWarning, string? caption, out ShouldProcessReason shouldProcessReason)
        {
            shouldProcessReason = ShouldProcessReason.None;
            return true;
        }

        public bool ShouldContinue(string? query, string? caption) => false;

        public bool ShouldContinue(string? query, string? caption, ref bool yesToAll, ref bool noToAll) => false;

        public bool ShouldContinue(string? query, string? caption, bool hasSecurityImpact, ref bool yesToAll, ref bool noToAll) => false;

        public bool TransactionAvailable() => false;
    }
}
