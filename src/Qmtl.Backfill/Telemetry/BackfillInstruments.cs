using System.Diagnostics.Metrics;
using Qmtl.Backfill;
using Qmtl.Data;

namespace Qmtl.Telemetry;

/// <summary>The instruments of backfills, fed with the engine's events. Feeding allocates nothing.</summary>
internal sealed class BackfillInstruments
{
    private readonly StreamRegistry _streams;
    private readonly TimeProvider _clock;
    private readonly Histogram<double> _requestDuration;
    private readonly Histogram<double> _gapRepair;
    private long _jobs;

    public BackfillInstruments(Meter meter, StreamRegistry streams, TimeProvider clock)
    {
        _streams = streams;
        _clock = clock;
        _requestDuration = MeterInstruments.Duration(
            meter,
            "backfill.request.duration",
            "How long a source took to answer one request, with its waits for the rate limit, or to fail.");
        _gapRepair = MeterInstruments.Duration(
            meter,
            "backfill.gap_repair",
            "How long a gap was known until its bars were stored or known not to exist.",
            [0.1, 1, 5, 15, 60, 300, 900, 3600, 4 * 3600, 12 * 3600, 24 * 3600, 3 * 24 * 3600, 7 * 24 * 3600]);
        meter.CreateObservableGauge(
            "backfill.jobs_in_progress", () => Interlocked.Read(ref _jobs), "{job}", "Backfills that run now, one a stream.");

        // Without a unit: the name is the guide's, and a unit would be added to it.
        meter.CreateObservableGauge(
            "backfill.last_timestamp",
            () => Where(stream => stream.LastTimestamp),
            null,
            "The bar up to which all that was asked of the stream is there, by its open, in Unix seconds.");
        meter.CreateObservableGauge(
            "backfill.gap_bars_remaining",
            () => Where(stream => stream.GapBarsRemaining),
            "{bar}",
            "Bars of the running or the last backfill that are still missing.");
        meter.CreateObservableCounter(
            "backfill.retry", () => Each(stream => stream.Retries), "{retry}", "Requests and writes that were tried again.");
        meter.CreateObservableCounter(
            "backfill.failure", () => Each(stream => stream.Failures), "{range}", "Ranges that ended with an error.");
        meter.CreateObservableCounter(
            "backfill.bars_written", () => Each(stream => stream.BarsWritten), "{bar}", "Bars written to a store.");
        meter.CreateObservableCounter(
            "backfill.bars_empty", () => Each(stream => stream.BarsEmpty), "{bar}", "Bars that the source was found not to have.");
        meter.CreateObservableCounter("backfill.bars_rejected", Rejected, "{bar}", "Rows of a source that could not be stored, by reason.");
    }

    /// <summary>Counts one event of an engine.</summary>
    public void Record(BackfillEvent happened)
    {
        switch (happened)
        {
            case BackfillStarted:
                Interlocked.Increment(ref _jobs);
                _streams.Begin(happened.Stream);
                break;
            case BackfillEnded:
                Interlocked.Decrement(ref _jobs);
                Count(happened);
                _streams.End(happened.Stream);
                break;
            case BackfillSourceAsked asked:
                _requestDuration.Record(
                    asked.Duration.TotalSeconds,
                    new KeyValuePair<string, object?>(MetricLabels.Source, asked.Source),
                    new KeyValuePair<string, object?>(MetricLabels.Status, RequestStatus.Of(asked.Error)));
                break;
            default:
                Count(happened);
                break;
        }
    }

    private void Count(BackfillEvent happened)
    {
        if (_streams.TryFind(happened.Stream, out StreamMeasurements? stream))
        {
            Count(stream, happened);
            return;
        }

        // It comes from outside of a backfill, such as the reading of what one has filled, or there was no room when the backfill began.
        _streams.Begin(happened.Stream);
        if (_streams.TryFind(happened.Stream, out stream))
        {
            Count(stream, happened);
            _streams.End(happened.Stream);
        }
    }

    private void Count(StreamMeasurements stream, BackfillEvent happened)
    {
        stream.Add(happened);
        foreach (long seen in stream.TimeGaps(happened, _clock))
        {
            _gapRepair.Record(_clock.GetElapsedTime(seen).TotalSeconds, stream.Labels[1]);
        }
    }

    private IEnumerable<Measurement<long>> Each(Func<StreamMeasurements, long> value)
    {
        foreach (StreamMeasurements stream in _streams.Read())
        {
            yield return new Measurement<long>(value(stream), stream.Labels);
        }
    }

    private IEnumerable<Measurement<long>> Where(Func<StreamMeasurements, long?> value)
    {
        foreach (StreamMeasurements stream in _streams.Read())
        {
            if (value(stream) is { } known)
            {
                yield return new Measurement<long>(known, stream.Labels);
            }
        }
    }

    // Only reasons that occurred: all of them for each stream would be many series that are always 0.
    private IEnumerable<Measurement<long>> Rejected()
    {
        foreach (StreamMeasurements stream in _streams.Read())
        {
            for (int i = 0; i < MetricLabels.ReasonCount; i++)
            {
                var reason = (RejectionReason)i;
                if (stream.BarsRejected(reason) is > 0 and var rows)
                {
                    yield return new Measurement<long>(
                        rows, [.. stream.Labels, new KeyValuePair<string, object?>(MetricLabels.Reason, MetricLabels.Of(reason))]);
                }
            }
        }
    }
}
