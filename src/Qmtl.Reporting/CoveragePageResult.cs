namespace Qmtl.Reporting;

/// <summary>What a report that was written says in sum.</summary>
/// <param name="Streams">How many streams it shows.</param>
/// <param name="Bars">How many bars are stored.</param>
/// <param name="MissingBars">How many bars are missing before the last one of their stream.</param>
/// <param name="Gaps">In how many gaps.</param>
/// <param name="BarsBehind">How many bars are missing after the last one of their stream.</param>
/// <param name="Bytes">The size of the page.</param>
public sealed record CoveragePageResult(int Streams, long Bars, long MissingBars, long Gaps, long BarsBehind, long Bytes);
