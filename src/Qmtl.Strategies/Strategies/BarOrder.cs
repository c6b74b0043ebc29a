namespace Qmtl.Strategies;

/// <summary>In which order a replay processes the bars of its streams. It matters only where their intervals differ.</summary>
public enum BarOrder
{
    /// <summary>
    /// By the bars' opens. The bar of an hour comes before the minutes inside it, although it tells how that hour ends: nodes that compute
    /// from both must look one bar back in the longer one.
    /// </summary>
    Open,

    /// <summary>
    /// By the bars' closes, which is when each is known. The bar of an hour comes when its last minute does, and no node sees what a run
    /// at that time could not have seen. Only closed bars may be fed.
    /// </summary>
    Close,
}
