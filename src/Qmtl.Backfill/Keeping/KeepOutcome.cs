using System.Threading.Channels;
using Qmtl.Backfill;

namespace Qmtl.Keeping;

/// <summary>What became of one visit of a kept stream, of its newest bars or of a piece of its history.</summary>
/// <param name="Kept">The stream.</param>
/// <param name="Result">How it ended. <see cref="BackfillResult.BarsReplaced"/> counts the stored bars that the source has changed.</param>
public sealed record KeepOutcome(KeptStream Kept, BackfillResult Result);

/// <summary>
/// What a shell shows of a keeper's visits: those that changed something or failed. Visits of many streams end at once and must not wait
/// for whoever reads.
/// </summary>
internal sealed class KeepOutcomeQueue
{
    // Where nobody reads, the oldest are let go rather than held.
    private const int MostWaiting = 100_000;

    private readonly Channel<KeepOutcome> _waiting = Channel.CreateBounded<KeepOutcome>(
        new BoundedChannelOptions(MostWaiting) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });

    /// <summary>Takes what became of a visit.</summary>
    public void Add(KeepOutcome outcome)
    {
        BackfillResult result = outcome.Result;
        if (result.Error is not null || result.BarsWritten > 0 || result.BarsEmpty > 0 || result.BarsMissing > 0)
        {
            _waiting.Writer.TryWrite(outcome);
        }
    }

    /// <summary>
    /// Gives each to <paramref name="write"/>, until <paramref name="work"/> has ended and all are given. Where one cannot be written, the
    /// work is cancelled, and why is thrown: nobody would see any more what becomes of it.
    /// </summary>
    public async Task WriteWhileAsync(
        Func<CancellationToken, Task> work, Func<KeepOutcome, Task> write, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task writing = WriteAsync(write, stop);
        try
        {
            await work(stop.Token);
        }
        finally
        {
            _waiting.Writer.TryComplete();
            await writing;
        }
    }

    private async Task WriteAsync(Func<KeepOutcome, Task> write, CancellationTokenSource stop)
    {
        try
        {
            await foreach (KeepOutcome outcome in _waiting.Reader.ReadAllAsync())
            {
                await write(outcome);
            }
        }
        catch
        {
            await stop.CancelAsync();
            throw;
        }
    }
}
