using Qmtl.Data;

namespace Qmtl.Telemetry.Progress;

/// <summary>How far one stream of a run is, at one moment.</summary>
/// <param name="Stream">The stream.</param>
/// <param name="BarsDone">Bars that are written, or now known to be empty or still missing.</param>
/// <param name="BarsPlanned">Bars to ask for in all; null while the store has not told what it holds.</param>
/// <param name="Fraction">How much is done, from 0 to 1; null while that is not known.</param>
/// <param name="BarsPerSecond">How fast it goes on; null while that is not known.</param>
/// <param name="TimeLeft">How long it will take at the rate of late; null while that is not known.</param>
/// <param name="Waiting">What is being waited for, for people, or null.</param>
public sealed record StreamProgress(
    StreamKey Stream, long BarsDone, long? BarsPlanned, double? Fraction, double? BarsPerSecond, TimeSpan? TimeLeft, string? Waiting);
