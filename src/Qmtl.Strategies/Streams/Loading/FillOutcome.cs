using Qmtl.Data;

namespace Qmtl.Streams.Loading;

/// <summary>What came of filling a provider.</summary>
/// <param name="BarsFilled">Bars that the provider has now and had not before.</param>
/// <param name="Requests">Requests to the source, or calls to the provider.</param>
/// <param name="Error">What failed, or null.</param>
/// <param name="Obstacle">Why the provider could not be filled although nothing failed, or null.</param>
internal sealed record FillOutcome(long BarsFilled, int Requests, Exception? Error = null, string? Obstacle = null)
{
    /// <summary>Nothing was to be done.</summary>
    public static FillOutcome Nothing { get; } = new(0, 0);

    /// <summary>Rows of the source's answers that were left out.</summary>
    public RejectedRows Rejected { get; init; } = RejectedRows.None;
}
