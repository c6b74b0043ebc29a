using System.Management.Automation;
using Qmtl.PowerShell.Output;
using Qmtl.PowerShell.Pipeline;
using Qmtl.Telemetry.Progress;

namespace Qmtl.PowerShell.Backfill;

/// <summary>The base of every cmdlet that fills stores: it shows how far the engine is and tells the operator what happens.</summary>
public abstract class BackfillingCommand : AsyncCommand
{
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromMilliseconds(200);

    /// <summary>What to give an engine so that its log is told on the command's streams.</summary>
    private protected StreamLogger CreateLog() => new(this, Post);

    /// <summary>On the pipeline thread: writes what became of a range, and what went wrong with it to the error stream.</summary>
    private protected void WriteOutcome(HistoryOutcome outcome) => WriteOutcome(outcome, outcome.Failure);

    /// <summary>On the pipeline thread: writes what became of something, and to the error stream what went wrong with it.</summary>
    private protected void WriteOutcome(object outcome, ErrorRecord? failure)
    {
        WriteObject(outcome);
        if (failure is not null)
        {
            WriteError(failure);
        }
    }

    /// <summary>From the work of Run: shows progress bars while <paramref name="work"/> goes on, and takes them away at its end.</summary>
    private protected async Task ShowWhileAsync(BackfillProgressTracker progress, Func<Task> work)
    {
        using var done = new CancellationTokenSource();
        Task showing = ShowAsync(progress, done.Token);
        try
        {
            await work();
        }
        finally
        {
            await done.CancelAsync();
            await showing;
        }
    }

    private async Task ShowAsync(BackfillProgressTracker progress, CancellationToken cancellationToken)
    {
        var bars = new ProgressBars();
        using var timer = new PeriodicTimer(ProgressInterval);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken))
            {
                // Waits until it is shown: while script has the pipeline thread, no queue of stale bars builds up.
                await WriteAsync(() => WriteAll(bars.Show(progress.Read())));
            }
        }
        catch (OperationCanceledException)
        {
            Post(() => WriteAll(bars.TakeAway()));
        }
    }

    private void WriteAll(IEnumerable<ProgressRecord> records)
    {
        foreach (ProgressRecord record in records)
        {
            WriteProgress(record);
        }
    }
}
