using System.Diagnostics.Metrics;

namespace Qmtl.Telemetry;

/// <summary>
/// The one meter of Qmtl. Whatever reads <see cref="Meter"/>s reads it by its name: OpenTelemetry (<c>AddMeter(QmtlMeter.Name)</c>),
/// prometheus-net, <c>dotnet-counters</c>. What it measures is listed in docs/metrics.md.
/// </summary>
public static class QmtlMeter
{
    /// <summary>The meter's name.</summary>
    public const string Name = "Qmtl.Backfill";

    /// <summary>
    /// The most streams, and the most series of one instrument, that are kept at a time: more would cost memory here and in whatever reads
    /// the meter.
    /// </summary>
    public const int SeriesLimit = 10_000;

    /// <summary>How long a series stays after its last change, once what it measures is gone or idle: one hour.</summary>
    public static readonly TimeSpan Retention = TimeSpan.FromHours(1);

    internal static MeterInstruments Instruments { get; } = new(CreateMeter(), TimeProvider.System, SeriesLimit);

    /// <summary>How many measurements found no series because a limit was reached; 0 in health.</summary>
    public static long Overflow => Instruments.Overflow.Total;

    private static Meter CreateMeter() => new(Name, typeof(QmtlMeter).Assembly.GetName().Version!.ToString(3));
}
