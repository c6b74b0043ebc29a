using System.Runtime.CompilerServices;
using Qmtl.Backfill;
using Qmtl.History;
using Qmtl.Time;

namespace Qmtl.PowerShell.Backfill;

/// <summary>
/// Completes the ranges of a provider that is not one of this library's stores: it is asked to fill what its coverage lacks,
/// and its coverage is asked again, so that the counts are what is really there.
/// </summary>
internal static class SelfFillingBackfill
{
    /// <summary>The result of each range as soon as it is done.</summary>
    public static async IAsyncEnumerable<BackfillResult> RunAsync(BackfillWork work, TimeProvider timeProvider, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (TimeRange range in work.Ranges)
        {
            yield return await FillAsync(work, range, timeProvider, cancellationToken);
        }
    }

    private static async Task<BackfillResult> FillAsync(BackfillWork work, TimeRange range, TimeProvider timeProvider, CancellationToken cancellationToken)
    {
        IHistoryProvider provider = work.Provider;
        long started = timeProvider.GetTimestamp();
        TimeRangeSet missing = new(work.Stream.Interval, range);
        TimeRangeSet still = missing;
        int requests = 0;
        Exception? error = null;
        try
        {
            missing = still = missing.Subtract(await provider.GetCoverageAsync(work.Stream, range, cancellationToken));
            foreach (TimeRange gap in missing)
            {
                requests++;
                await provider.FillMissingAsync(work.Stream, gap, cancellationToken);
            }

            still = requests == 0 ? missing : missing.Subtract(await provider.GetCoverageAsync(work.Stream, range, cancellationToken));
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            error = exception;
            still = await CoverageOrNothingAsync(work, range, missing, cancellationToken);
        }

        return new BackfillResult
        {
            Stream = work.Stream,
            Range = range,
            Status = error is not null ? BackfillStatus.Failed : still.IsEmpty ? BackfillStatus.Completed : BackfillStatus.Partial,
            BarsWritten = missing.BarCount - still.BarCount,
            BarsMissing = still.BarCount,
            Requests = requests,
            Duration = requests == 0 ? TimeSpan.Zero : timeProvider.GetElapsedTime(started),
            Error = error,
        };
    }

    // What had been filled before the failure counts, where the provider can still tell.
    private static async Task<TimeRangeSet> CoverageOrNothingAsync(BackfillWork work, TimeRange range, TimeRangeSet missing, CancellationToken cancellationToken)
    {
        try
        {
            return missing.Subtract(await work.Provider.GetCoverageAsync(work.Stream, range, cancellationToken));
        }
        catch (Exception) when (!cancellationToken.IsCancellationRequested)
        {
            return missing;
        }
    }
}
