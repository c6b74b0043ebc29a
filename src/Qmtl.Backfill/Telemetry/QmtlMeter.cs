using System.Diagnostics.Metrics;
using Qmtl.Data;

namespace Qmtl.Telemetry;

/// <summary>
/// The one meter of Qmtl. Whatever reads <see cref="Meter"/>s reads it by its name: OpenTelemetry (<c>AddMeter(QmtlMeter.Name)</c>),
/// prometheus-net, <c>dotnet-counters</c>. What it measures is listed in docs/metrics.md.
/// </summary>
public static class QmtlMeter
{
    /// <summary>The meter's name.</summary>
    public const string Name = "Qmtl.Backfill";

    /// <summary>The most streams, and the most series of one instrument, that are kept at a time: more would cost memory here and in whatever reads the meter.</summary>
    public const int SeriesLimit = 10_000;

    /// <summary>How long a series stays after its last change, once what it measures is gone or idle: one hour.</summary>
    public static readonly TimeSpan Retention = TimeSpan.FromHours(1);

    internal static MeterInstruments Instruments { get; } = new(CreateMeter(), TimeProvider.System, SeriesLimit);

    /// <summary>How many measurements found no series because a limit was reached; 0 in health.</summary>
    public static long Overflow => Instruments.Overflow.Total;

    /// <summary>Measures a recorder from now on.</summary>
    /// <param name="recorder">Its name for people, without a secret. The readings of recorders that share a name are added up.</param>
    /// <param name="read">Reads it; called from any thread at each collection, so it must return at once and not throw.</param>
    /// <returns>To be disposed when the recorder is: what it has counted so far stays for <see cref="Retention"/>.</returns>
    internal static IDisposable RegisterRecorder(string recorder, Func<RecorderReading> read) => Instruments.Recorders.Register(recorder, read);

    /// <summary>Measures the memory of a node's cache from now on, for as long as the cache itself is alive.</summary>
    /// <param name="node">The node that owns the cache, and its interval. Caches that share a node are added up.</param>
    /// <param name="cache">The cache. It is held weakly, so that nobody has to take it off the list.</param>
    /// <param name="readBytes">Reads its size in bytes; called from any thread at each collection. It must not capture the cache.</param>
    internal static void RegisterCache<TCache>(StreamKey node, TCache cache, Func<TCache, long> readBytes)
        where TCache : class => Instruments.Caches.Register(node, cache, readBytes);

    /// <summary>Measures one replay through a node.</summary>
    internal static void RecordReplay(StreamKey node, TimeSpan duration) => Instruments.RecordReplay(node, duration);

    private static Meter CreateMeter() => new(Name, typeof(QmtlMeter).Assembly.GetName().Version!.ToString(3));
}
