using System.Diagnostics.Metrics;
using Qmtl.Telemetry;

namespace Qmtl.Metrics.Collection;

/// <summary>The series of one instrument, of which there are at most so many; what finds no room is counted.</summary>
internal abstract class InstrumentSeries(Instrument instrument, MetricType type, int limit, SeriesOverflow overflow)
{
    private readonly string _unit = PrometheusName.OfUnit(instrument.Unit);
    private readonly string _help = instrument.Description ?? string.Empty;

    /// <summary>Prometheus's name.</summary>
    public string Name { get; } = PrometheusName.OfMetric(instrument.Name, PrometheusName.OfUnit(instrument.Unit), type);

    protected int Limit { get; } = limit;

    protected SeriesOverflow Overflow { get; } = overflow;

    /// <summary>The series of <paramref name="instrument"/>, empty.</summary>
    public static InstrumentSeries Of(Instrument instrument, MetricType type, TimeProvider clock, int limit, SeriesOverflow overflow) => instrument.IsObservable
        ? new ObservedSeries(instrument, type, limit, overflow)
        : new RecordedSeries(instrument, type, clock, limit, overflow);

    /// <summary>To be called before the observable instruments are asked. One collection at a time.</summary>
    public virtual void Begin()
    {
    }

    /// <summary>Takes a measurement, on whichever thread it is made.</summary>
    public abstract void Measure(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags);

    /// <summary>All series now. One collection at a time.</summary>
    public MetricFamily Collect() => new(Name, type, _unit, _help, Read());

    protected abstract IReadOnlyList<MetricPoint> Read();
}
