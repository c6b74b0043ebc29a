using System.Diagnostics.Metrics;
using Prometheus;
using Qmtl.Telemetry;

namespace Qmtl.Metrics.Collection;

/// <summary>
/// Listens to Qmtl's meter, keeps what it measures in a registry of prometheus-net, and tells and writes what that holds. Counts and
/// gauges are true from the process's start on; durations, which .NET hands out only once, from the collector's creation on.
/// </summary>
/// <remarks>
/// Measuring never waits for a collection, nor for another measurement. The library's own <see cref="MeterAdapter"/> would put the
/// meter's name before each metric's, make gauges of counters, and keep what is gone for minutes.
/// </remarks>
public sealed class MetricsCollector : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly CollectorRegistry _registry = Prometheus.Metrics.NewCustomRegistry();
    private readonly SortedDictionary<string, InstrumentSeries> _instruments = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _updating = new(1);

    /// <summary>A collector of the process's meter, <see cref="QmtlMeter"/>.</summary>
    public MetricsCollector()
        : this(QmtlMeter.Instruments, TimeProvider.System)
    {
    }

    /// <summary>A collector of any such meter.</summary>
    internal MetricsCollector(MeterInstruments instruments, TimeProvider clock)
    {
        MetricFactory factory = Prometheus.Metrics.WithCustomRegistry(_registry);
        factory.ExemplarBehavior = ExemplarBehavior.NoExemplars();
        _registry.AddBeforeCollectCallback(UpdateAsync);
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (ReferenceEquals(instrument.Meter, instruments.Meter) && PrometheusName.TypeOf(instrument) is { } type)
            {
                var series = new InstrumentSeries(instrument, type, factory, clock, instruments.Limit, instruments.Overflow);
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

    /// <summary>
    /// Reads every metric now, in ascending order of names. Metrics without a series are there, too. May be called from any thread.
    /// </summary>
    public IReadOnlyList<MetricFamily> Collect()
    {
        _updating.Wait();
        try
        {
            return [.. Update().Select(instrument => instrument.Read())];
        }
        finally
        {
            _updating.Release();
        }
    }

    /// <summary>
    /// Writes every metric as it is now, a piece at a time, so that a slow reader costs no memory. No timestamps are written: the reader's
    /// time is the time.
    /// </summary>
    /// <param name="destination">Where to; it is left open.</param>
    /// <param name="format">Which of Prometheus's text formats.</param>
    /// <param name="cancellationToken">Ends the writing.</param>
    public Task WriteAsync(Stream destination, ExpositionFormat format, CancellationToken cancellationToken = default) =>
        _registry.CollectAndExportAsTextAsync(destination, format, cancellationToken);

    /// <summary>Stops to listen.</summary>
    public void Dispose()
    {
        _listener.Dispose();
        _updating.Dispose();
    }

    // A hundred scrapes at once wait for their turn here without a thread each, so that the backfill keeps its own.
    private async Task UpdateAsync(CancellationToken cancellationToken)
    {
        await _updating.WaitAsync(cancellationToken);
        try
        {
            Update();
        }
        finally
        {
            _updating.Release();
        }
    }

    private InstrumentSeries[] Update()
    {
        InstrumentSeries[] instruments;
        lock (_instruments)
        {
            instruments = [.. _instruments.Values];
        }

        Array.ForEach(instruments, instrument => instrument.Begin());
        try
        {
            _listener.RecordObservableInstruments();
        }
        catch (AggregateException)
        {
            // What one instrument could not be asked must not hide the others. Its series are left out.
        }

        Array.ForEach(instruments, instrument => instrument.End());
        return instruments;
    }
}
