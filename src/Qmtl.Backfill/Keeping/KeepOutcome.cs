using Qmtl.Backfill;

namespace Qmtl.Keeping;

/// <summary>What became of one visit of a kept stream, of its newest bars or of a piece of its history.</summary>
/// <param name="Kept">The stream.</param>
/// <param name="Result">How it ended. <see cref="BackfillResult.BarsReplaced"/> counts the stored bars that the source has changed.</param>
public sealed record KeepOutcome(KeptStream Kept, BackfillResult Result);
