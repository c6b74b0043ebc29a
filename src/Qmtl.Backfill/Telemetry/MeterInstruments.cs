using System.Diagnostics.Metrics;
using Qmtl.Fetching.Pacing;

namespace Qmtl.Telemetry;

/// <summary>
/// The engine's instruments of a meter; recorders and nodes have theirs beside them, on the same meter. What is counted is held here and
/// read by observable instruments: so whoever begins to listen late still reads true totals, and what is gone is gone for every reader.
/// </summary>
/// <remarks>
/// Names and units follow OpenTelemetry's conventions. Prometheus's names follow from them: <c>backfill.retry</c> is
/// <c>backfill_retry_total</c> there, and a unit of <c>s</c> becomes the suffix <c>_seconds</c>.
/// </remarks>
internal sealed class MeterInstruments
{
    // A page of an exchange takes some hundred milliseconds, a replay of a year of minutes some seconds.
    private static readonly double[] DurationBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];

    /// <summary>Creates the instruments of <paramref name="meter"/>.</summary>
    /// <param name="meter">Where they are published.</param>
    /// <param name="clock">The clock for what is gone.</param>
    /// <param name="limit">The most streams, recorders and series of an instrument.</param>
    /// <param name="pacers">The pacers of the hosts that are asked; null for all of the process.</param>
    public MeterInstruments(Meter meter, TimeProvider clock, int limit, Func<IEnumerable<HostPacer>>? pacers = null)
    {
        Meter = meter;
        Limit = limit;
        Streams = new StreamRegistry(clock, limit, Overflow);
        Backfills = new BackfillInstruments(meter, Streams, clock);
        Freshness = new FreshnessInstruments(meter, clock, limit, Overflow);
        _ = new RateLimitInstruments(meter, pacers ?? (static () => HostPacer.All));

        var version = new KeyValuePair<string, object?>("version", meter.Version);
        meter.CreateObservableGauge(
            "qmtl.build_info", () => new Measurement<long>(1, version), null, "Always 1; the label is the version that runs.");
        meter.CreateObservableGauge<long>(
            "qmtl.metrics.streams", () => Streams.Count, "{stream}", "Streams that have series of their own.");
        meter.CreateObservableGauge<long>(
            "qmtl.metrics.series_limit", () => Limit, "{series}", "The most streams, and the most series of one metric, that are kept.");
        meter.CreateObservableCounter(
            "qmtl.metrics.overflow",
            () => Overflow.Total,
            "{measurement}",
            "Measurements that were lost because there was no room for another series.");
    }

    public Meter Meter { get; }

    public int Limit { get; }

    public SeriesOverflow Overflow { get; } = new();

    public StreamRegistry Streams { get; }

    public BackfillInstruments Backfills { get; }

    /// <summary>What is measured of streams that are kept complete.</summary>
    public FreshnessInstruments Freshness { get; }

    /// <summary>A duration in seconds; <paramref name="buckets"/> are those of requests and replays by default.</summary>
    public static Histogram<double> Duration(Meter meter, string name, string description, double[]? buckets = null) =>
        meter.CreateHistogram(
            name, "s", description, tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = buckets ?? DurationBuckets });
}

/// <summary>Counts what was not measured because a limit of series was reached, so that the loss itself can be seen.</summary>
internal sealed class SeriesOverflow
{
    private long _total;

    /// <summary>How many measurements were lost.</summary>
    public long Total => Interlocked.Read(ref _total);

    /// <summary>Counts one.</summary>
    public void Count() => Interlocked.Increment(ref _total);
}
