using Qmtl.Backfill;
using Qmtl.Cli.Hosting;
using Qmtl.Cli.Rendering;
using Qmtl.Fetching;
using Qmtl.History;
using Qmtl.Time;

namespace Qmtl.Cli.Commands;

/// <summary>
/// Turns results into an exit code and one line for each that is not complete; of those that failed, the log has told. A range that lacks
/// only bars younger than the settle time is complete as far as anybody can know, so a job that runs every minute does not fail every
/// minute.
/// </summary>
/// <param name="host">Where the lines go.</param>
/// <param name="store">The store that was filled.</param>
/// <param name="source">The source it was filled from.</param>
/// <param name="options">How it was filled.</param>
/// <param name="started">When the run began; bars that were young then count as young.</param>
internal sealed class BackfillVerdict(
    CliHost host, IHistoryStore store, IDataFetcher source, BackfillOptions options, DateTimeOffset started)
{
    /// <summary>Writes the lines and returns the exit code.</summary>
    public async Task<int> GiveAsync(IReadOnlyList<BackfillResult> results, CancellationToken cancellationToken)
    {
        int code = ExitCode.Complete;
        foreach (BackfillResult result in results)
        {
            switch (result.Status)
            {
                case BackfillStatus.Failed:
                    code = ExitCode.Failed;
                    break;
                case BackfillStatus.Partial when await IsOnlyYoungAsync(result, cancellationToken):
                    host.WriteDiagnostic(
                        "note",
                        $"{result.Stream}: {Amounts.Count(result.BarsMissing, "bar")} too young to be judged missing; the next run asks "
                            + $"again.");
                    break;
                case BackfillStatus.Partial:
                    host.WriteDiagnostic(
                        "error",
                        $"{result.Stream}: {Amounts.Count(result.BarsMissing, "bar")} still missing: {Why(result)}. See: qmtl gaps.");
                    code = ExitCode.Failed;
                    break;
            }
        }

        if (results.Any(result => result.Status == BackfillStatus.Cancelled))
        {
            host.WriteDiagnostic("error", "Cancelled. What was committed stays; run it again for the rest.");
            return ExitCode.Cancelled;
        }

        return code;
    }

    private string Why(BackfillResult result) =>
        source.GetReach(result.Stream) is { } reach && result.Range.Start < reach.OldestBar
            ? $"{source.Name} {reach.Reason}, from {UnixTime.Format(reach.OldestBar)} on"
            : $"{source.Name} neither gave them nor said that they do not exist";

    private async Task<bool> IsOnlyYoungAsync(BackfillResult result, CancellationToken cancellationToken)
    {
        long settled = options.LastSettledBar(result.Stream.Interval, started);
        if (settled < result.Range.Start)
        {
            return true;
        }

        var old = new TimeRange(result.Range.Start, Math.Min(result.Range.End, settled));
        TimeRangeSet stored = await store.GetCoverageAsync(result.Stream, old, cancellationToken);
        TimeRangeSet empty = await store.GetKnownEmptyAsync(result.Stream, source.GetName(result.Stream), old, cancellationToken);
        return new TimeRangeSet(result.Stream.Interval, old).Subtract(stored).Subtract(empty).IsEmpty;
    }
}
