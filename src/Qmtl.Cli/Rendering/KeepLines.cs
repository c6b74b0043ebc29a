using System.Threading.Channels;
using Qmtl.Backfill;
using Qmtl.Keeping;

namespace Qmtl.Cli.Rendering;

/// <summary>
/// Writes what comes of a keeper's visits as JSON lines: those that changed something or failed. Visits of many streams end at once and must
/// not wait for whoever reads the lines.
/// </summary>
/// <param name="output">Where they go; null for nowhere.</param>
internal sealed class KeepLines(JsonLines? output)
{
    // Where nobody reads, the oldest are let go rather than held.
    private const int MostWaiting = 100_000;

    private readonly Channel<BackfillResult> _waiting = Channel.CreateBounded<BackfillResult>(
        new BoundedChannelOptions(MostWaiting) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });

    /// <summary>Takes what became of a visit.</summary>
    public void Add(KeepOutcome outcome)
    {
        BackfillResult result = outcome.Result;
        if (output is not null && (result.Error is not null || result.BarsWritten > 0 || result.BarsEmpty > 0 || result.BarsMissing > 0))
        {
            _waiting.Writer.TryWrite(result);
        }
    }

    /// <summary>No more will come.</summary>
    public void Complete() => _waiting.Writer.TryComplete();

    /// <summary>Writes until no more will come.</summary>
    public async Task WriteAsync()
    {
        await foreach (BackfillResult result in _waiting.Reader.ReadAllAsync())
        {
            await output!.WriteResultAsync(result, CancellationToken.None);
        }
    }
}
