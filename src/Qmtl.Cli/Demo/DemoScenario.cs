using Qmtl.Data;
using Qmtl.Simulation;
using Qmtl.Simulation.Faults;
using Qmtl.Time;

namespace Qmtl.Cli.Demo;

/// <summary>
/// What the demo is about: a fixed week, three markets, a recorder that slept through half of it, and an exchange with faults. All of it is
/// deterministic.
/// </summary>
internal static class DemoScenario
{
    private const long Hour = 3600;
    private const long Day = 24 * Hour;

    // 2024-01-01T00:00:00Z, a Monday.
    private const long WeekStart = 1_704_067_200;

    /// <summary>Minutes.</summary>
    public static BarInterval Interval { get; } = BarInterval.FromSeconds(60);

    /// <summary>The week, both ends included.</summary>
    public static TimeRange Week { get; } = new(WeekStart, WeekStart + (7 * Day) - 60);

    /// <summary>The three streams and the shifts in which a recorder was awake for each, none longer than one request.</summary>
    public static IReadOnlyList<(StreamKey Stream, IReadOnlyList<TimeRange> Recorded)> Streams { get; } =
    [
        (new StreamKey("BTCUSDT", Interval),
            [Shift(0, 16), Shift(16, 10), Shift(41, 9), Shift(54, 16), Shift(90, 4), Shift(96, 12), Shift(130, 14)]),
        (new StreamKey("ETHUSDT", Interval), [Shift(30, 16), Shift(46, 5), Shift(77, 15), Shift(120, 2), Shift(150, 6)]),
        (new StreamKey("XRPETH", Interval), []),
    ];

    /// <summary>
    /// How the exchange behaves: its markets had outages that nobody can fill, and each answer takes a while, as over a network.
    /// </summary>
    public static SimulatedExchangeOptions Exchange { get; } = new() { Latency = TimeSpan.FromMilliseconds(100) };

    /// <summary>
    /// What goes wrong during the backfill. The faults are so few that even if all of them met one request, its retries would
    /// outlast them.
    /// </summary>
    public static SimulatedFault? Fault(long request) => request switch
    {
        5 => SimulatedFault.Status(429, retryAfter: TimeSpan.FromSeconds(1)),
        12 => SimulatedFault.Status(503),
        19 => SimulatedFault.HalfBody,
        _ => null,
    };

    private static TimeRange Shift(int fromHour, int hours) =>
        new(WeekStart + (fromHour * Hour), WeekStart + ((fromHour + hours) * Hour) - 60);
}
