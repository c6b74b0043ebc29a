using Qmtl.Data;

namespace Qmtl.Telemetry.Progress;

/// <summary>How far a run is, at one moment.</summary>
/// <param name="Streams">How many streams the run is of.</param>
/// <param name="StreamsEnded">How many of them have ended.</param>
/// <param name="BarsDone">Bars of all streams that are written, or now known to be empty or still missing.</param>
/// <param name="BarsPlanned">Bars to ask for in all; null while a stream's are not known.</param>
/// <param name="Fraction">The mean of the streams' fractions, from 0 to 1. It never goes back, because a stream that is not planned yet
/// counts as not begun.</param>
/// <param name="BarsPerSecond">How fast it goes on; null while that is not known.</param>
/// <param name="TimeLeft">How long it will take at the recent rate; null while that is not known, so while a stream is not planned.</param>
/// <param name="Active">The streams that are under way, in the order in which they began.</param>
public sealed record BackfillProgress(
    int Streams,
    int StreamsEnded,
    long BarsDone,
    long? BarsPlanned,
    double Fraction,
    double? BarsPerSecond,
    TimeSpan? TimeLeft,
    IReadOnlyList<StreamProgress> Active);

/// <summary>How far one stream of a run is, at one moment.</summary>
/// <param name="Stream">The stream.</param>
/// <param name="BarsDone">Bars that are written, or now known to be empty or still missing.</param>
/// <param name="BarsPlanned">Bars to ask for in all; null while the store has not told what it holds.</param>
/// <param name="Fraction">How much is done, from 0 to 1; null while that is not known.</param>
/// <param name="BarsPerSecond">How fast it goes on; null while that is not known.</param>
/// <param name="TimeLeft">How long it will take at the recent rate; null while that is not known.</param>
/// <param name="Waiting">What is being waited for, for people, or null.</param>
public sealed record StreamProgress(
    StreamKey Stream, long BarsDone, long? BarsPlanned, double? Fraction, double? BarsPerSecond, TimeSpan? TimeLeft, string? Waiting);
