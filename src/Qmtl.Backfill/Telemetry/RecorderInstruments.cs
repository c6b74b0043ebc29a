using System.Diagnostics.Metrics;

namespace Qmtl.Telemetry;

/// <summary>The instruments of recorders. A recorder that has ended is still read for a while, because a script asks at its end.</summary>
internal sealed class RecorderInstruments
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Group> _groups = new(StringComparer.Ordinal);
    private readonly TimeProvider _clock;
    private readonly int _limit;
    private readonly SeriesOverflow _overflow;

    public RecorderInstruments(Meter meter, TimeProvider clock, int limit, SeriesOverflow overflow)
    {
        (_clock, _limit, _overflow) = (clock, limit, overflow);
        meter.CreateObservableGauge("qmtl.recorder.queued_rows", () => Read(reading => reading.Queued), "{row}", "Rows that are still to be delivered, in memory or on disk.");
        meter.CreateObservableGauge("qmtl.recorder.spooled_rows", () => Read(reading => reading.Spooled), "{row}", "Those of the queued rows that are on disk and outlive the process.");
        meter.CreateObservableCounter("qmtl.recorder.delivered_rows", () => Read(reading => reading.Delivered), "{row}", "Rows that the store has taken.");
        meter.CreateObservableCounter("qmtl.recorder.refused_rows", () => Read(reading => reading.Refused), "{row}", "Rows that the store refused for good and that were set aside.");
        meter.CreateObservableCounter("qmtl.recorder.dropped_rows", () => Read(reading => reading.Dropped), "{row}", "Rows that are lost.");
    }

    /// <inheritdoc cref="QmtlMeter.RegisterRecorder"/>
    public IDisposable Register(string recorder, Func<RecorderReading> read)
    {
        var registration = new Registration(this, recorder, read);
        lock (_lock)
        {
            if (!_groups.TryGetValue(recorder, out Group? group))
            {
                if (_groups.Count >= _limit)
                {
                    _overflow.Count();
                    return registration;
                }

                _groups.Add(recorder, group = new Group(recorder));
            }

            // Whatever the one before left in its spool, the new one finds there and counts itself.
            group.Ended = group.Ended with { Queued = 0, Spooled = 0 };
            group.Live.Add(registration);
        }

        return registration;
    }

    private List<Measurement<long>> Read(Func<RecorderReading, long> value)
    {
        lock (_lock)
        {
            foreach (Group gone in _groups.Values.Where(IsGone).ToList())
            {
                _groups.Remove(gone.Recorder);
            }

            return [.. _groups.Values.Select(group => new Measurement<long>(value(group.Read()), group.Label))];
        }
    }

    private bool IsGone(Group group) => group.Live.Count == 0 && _clock.GetElapsedTime(group.EndedAt) > QmtlMeter.Retention;

    private void End(Registration registration)
    {
        lock (_lock)
        {
            if (_groups.TryGetValue(registration.Recorder, out Group? group) && group.Live.Remove(registration))
            {
                group.Ended += registration.Read();
                group.EndedAt = _clock.GetTimestamp();
            }
        }
    }

    /// <summary>The recorders of one name.</summary>
    private sealed class Group(string recorder)
    {
        public string Recorder { get; } = recorder;

        public KeyValuePair<string, object?> Label { get; } = new(MetricLabels.Recorder, recorder);

        public HashSet<Registration> Live { get; } = [];

        public RecorderReading Ended { get; set; }

        public long EndedAt { get; set; }

        public RecorderReading Read() => Live.Aggregate(Ended, (sum, registration) => sum + registration.Read());
    }

    private sealed class Registration(RecorderInstruments owner, string recorder, Func<RecorderReading> read) : IDisposable
    {
        public string Recorder { get; } = recorder;

        public RecorderReading Read() => read();

        public void Dispose() => owner.End(this);
    }
}
