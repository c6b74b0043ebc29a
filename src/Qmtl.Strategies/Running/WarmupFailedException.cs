using Qmtl.Backfill;
using Qmtl.Strategies.Warmup;

namespace Qmtl.Running;

/// <summary>Streams of a strategy did not get their history, so nothing was replayed.</summary>
public sealed class WarmupFailedException : Exception
{
    /// <summary>The warm-up failed.</summary>
    /// <param name="results">What became of each stream; at least one failed.</param>
    public WarmupFailedException(IReadOnlyList<WarmupResult> results)
        : base(Describe(results), results.First(IsFailed).Error)
    {
        Results = results;
    }

    /// <summary>What became of each stream, of those too that are ready.</summary>
    public IReadOnlyList<WarmupResult> Results { get; }

    private static bool IsFailed(WarmupResult result) => result.Status == BackfillStatus.Failed;

    private static string Describe(IReadOnlyList<WarmupResult> results) => string.Join(
        ' ',
        results.Where(IsFailed).Select(
            result => $"The warm-up of {result.Stream} failed: {result.Error?.Message.TrimEnd('.') ?? "bars are missing"}."));
}
