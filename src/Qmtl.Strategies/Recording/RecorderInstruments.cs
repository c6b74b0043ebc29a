using System.Diagnostics.Metrics;
using Qmtl.Telemetry;

namespace Qmtl.Recording;

/// <summary>The instruments of recorders. A recorder that has ended is still read for a while, because a script asks at its end.</summary>
internal sealed class RecorderInstruments
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Group> _groups = new(StringComparer.Ordinal);
    private readonly TimeProvider _clock;
    private readonly int _limit;
    private readonly SeriesOverflow _overflow;

    /// <summary>Creates the instruments.</summary>
    /// <param name="instruments">Those of the meter that they are to belong to.</param>
    /// <param name="clock">The clock for what is gone.</param>
    public RecorderInstruments(MeterInstruments instruments, TimeProvider clock)
    {
        (_clock, _limit, _overflow) = (clock, instruments.Limit, instruments.Overflow);
        Meter meter = instruments.Meter;
        meter.CreateObservableGauge(
            "qmtl.recorder.queued_rows", () => Read(reading => reading.Queued), "{row}", "Rows that are still to be delivered.");
        meter.CreateObservableGauge(
            "qmtl.recorder.spooled_rows",
            () => Read(reading => reading.Queued),
            "{row}",
            "The same: all of them are on disk and outlive the process.");
        meter.CreateObservableCounter(
            "qmtl.recorder.delivered_rows", () => Read(reading => reading.Delivered), "{row}", "Rows that the store has taken.");
        meter.CreateObservableCounter(
            "qmtl.recorder.refused_rows",
            () => Read(reading => reading.Refused),
            "{row}",
            "Rows that the store refused for good and that were set aside.");
        meter.CreateObservableCounter("qmtl.recorder.dropped_rows", () => Read(reading => reading.Dropped), "{row}", "Rows that are lost.");
    }

    /// <summary>Those of the process's meter.</summary>
    public static RecorderInstruments Shared { get; } = new(QmtlMeter.Instruments, TimeProvider.System);

    /// <summary>Measures a recorder from now on.</summary>
    /// <param name="recorder">Its name for people, without a secret. The readings of recorders that share a name are added up.</param>
    /// <param name="read">Reads it; called from any thread at each collection, so it must return at once and not throw.</param>
    /// <returns>To be disposed when the recorder is: what it has counted so far stays for <see cref="QmtlMeter.Retention"/>.</returns>
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
            group.Ended = group.Ended with { Queued = 0 };
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
                _groups.Remove(gone.Name);
            }

            return [.. _groups.Values.Select(group => new Measurement<long>(value(group.Read()), group.Label))];
        }
    }

    private bool IsGone(Group group) => group.Live.Count == 0 && _clock.GetElapsedTime(group.EndedAt) > QmtlMeter.Retention;

    private void End(Registration registration)
    {
        lock (_lock)
        {
            if (_groups.TryGetValue(registration.Name, out Group? group) && group.Live.Remove(registration))
            {
                group.Ended += registration.Read();
                group.EndedAt = _clock.GetTimestamp();
            }
        }
    }

    /// <summary>The recorders of one name.</summary>
    private sealed class Group(string recorder)
    {
        public string Name { get; } = recorder;

        public KeyValuePair<string, object?> Label { get; } = new(MetricLabels.RecorderName, recorder);

        public HashSet<Registration> Live { get; } = [];

        public RecorderReading Ended { get; set; }

        public long EndedAt { get; set; }

        public RecorderReading Read() => Live.Aggregate(Ended, (sum, registration) => sum + registration.Read());
    }

    private sealed class Registration(RecorderInstruments owner, string recorder, Func<RecorderReading> read) : IDisposable
    {
        public string Name { get; } = recorder;

        public RecorderReading Read() => read();

        public void Dispose() => owner.End(this);
    }
}

/// <summary>What a recorder says of itself at one moment. All counts are rows.</summary>
/// <param name="Queued">Still to be delivered.</param>
/// <param name="Delivered">Taken by the store since the recorder was made.</param>
/// <param name="Refused">Refused by the store for good, and set aside, since the recorder was made.</param>
/// <param name="Dropped">Lost since the recorder was made.</param>
internal readonly record struct RecorderReading(long Queued, long Delivered, long Refused, long Dropped)
{
    public static RecorderReading operator +(RecorderReading a, RecorderReading b) =>
        new(a.Queued + b.Queued, a.Delivered + b.Delivered, a.Refused + b.Refused, a.Dropped + b.Dropped);
}
