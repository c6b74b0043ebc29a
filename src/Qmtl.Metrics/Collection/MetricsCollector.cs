using System.Diagnostics.Metrics;
using Qmtl.Telemetry;

namespace Qmtl.Metrics.Collection;

/// <summary>
/// Listens to Qmtl's meter and tells what it reads. Counts and gauges are true from the process's start on; durations, which .NET
/// hands out only once, from the collector's creation on.
/// </summary>
/// <remarks>Measuring never waits for a collection, nor for another measurement.</remarks>
public sealed class MetricsCollector : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly SortedDictionary<string, InstrumentSeries> _instruments = new(StringComparer.Ordinal);
    private readonly Lock _collecting = new();

    /// <summary>A collector of the process's meter, <see cref="QmtlMeter"/>.</summary>
    public MetricsCollector()
        : this(QmtlMeter.Instruments, TimeProvider.System)
    {
    }

    /// <summary>A collector of any such meter.</summary>
    internal MetricsCollector(MeterInstruments instruments, TimeProvider clock)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (ReferenceEquals(instrument.Meter, instruments.Meter) && PrometheusName.TypeOf(instrument) is { } type)
            {
                var series = InstrumentSeries.Of(instrument, type, clock, instruments.Limit, instruments.Overflow);
                lock (_instruments)
                {
                    _instruments.Add(series.Name, series);
                }

                listener.EnableMeasurementEvents(instrument, series);
            }
        };
        _listener.SetMeasurementEventCallback<long>(static (_, value, tags, state) => ((InstrumentSeries)state!).Measure(value, tags));
        _listener.SetMeasurementEventCallback<double>(static (_, value, tags, state) => ((InstrumentSeries)state!).Measure(value, tags));
        _listener.Start();
    }

    /// <summary>Reads every metric now, in ascending order of names. Metrics without a series are there, too. May be called from any thread.</summary>
    public IReadOnlyList<MetricFamily> Collect()
    {
        lock (_collecting)
        {
            InstrumentSeries[] instruments;
            lock (_instruments)
            {
                instruments = [.. _instruments.Values];
            }

            foreach (InstrumentSeries instrument in instruments)
            {
                instrument.Begin();
            }

            try
            {
                _listener.RecordObservableInstruments();
            }
            catch (AggregateException)
            {
                // What one instrument could not be asked must not hide the others. Its series are left out.
            }

            return [.. instruments.Select(instrument => instrument.Collect())];
        }
    }

    /// <summary>Stops to listen.</summary>
    public void Dispose() => _listener.Dispose();
}
