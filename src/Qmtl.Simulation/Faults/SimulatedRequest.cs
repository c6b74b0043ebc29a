namespace Qmtl.Simulation.Faults;

/// <summary>One request for klines that a <see cref="SimulatedExchange"/> received.</summary>
/// <param name="Number">Its number since the exchange started, from 1.</param>
/// <param name="Time">When it came, by the exchange's clock.</param>
/// <param name="Symbol">The symbol asked for, as it was written; empty where it was missing.</param>
/// <param name="Interval">The interval asked for, as it was written; empty where it was missing.</param>
/// <param name="Start">The first open asked for (Unix seconds, UTC, rounded up), or null.</param>
/// <param name="End">The last open asked for (Unix seconds, UTC, rounded down), or null.</param>
/// <param name="Limit">The most rows asked for.</param>
/// <param name="Status">The HTTP status it was answered with; 0 while it is not answered, and where it never was.</param>
public sealed record SimulatedRequest(
    long Number, DateTimeOffset Time, string Symbol, string Interval, long? Start, long? End, int Limit, int Status);
