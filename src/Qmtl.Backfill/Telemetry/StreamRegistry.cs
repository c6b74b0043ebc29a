using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Qmtl.Data;

namespace Qmtl.Telemetry;

/// <summary>
/// The streams that are measured: those with a backfill, and those whose last one ended less than <see cref="QmtlMeter.Retention"/>
/// ago. When there is no room for another, the one that ended first makes it; only where all are running is the new one not
/// measured, and that is counted.
/// </summary>
internal sealed class StreamRegistry(TimeProvider clock, int limit, SeriesOverflow overflow)
{
    private readonly ConcurrentDictionary<StreamKey, StreamMeasurements> _streams = new();
    private readonly Lock _lock = new();
    private Snapshot _snapshot = new(0, []);
    private int _version;

    /// <summary>How many streams are measured.</summary>
    public int Count => _streams.Count;

    /// <summary>Notes that a backfill of the stream runs.</summary>
    public void Begin(StreamKey stream)
    {
        lock (_lock)
        {
            if (!_streams.TryGetValue(stream, out StreamMeasurements? measurements))
            {
                if (_streams.Count >= limit && !RemoveFirstEnded())
                {
                    overflow.Count();
                    return;
                }

                measurements = new StreamMeasurements(stream);
                _streams[stream] = measurements;
                Interlocked.Increment(ref _version);
            }

            measurements.Jobs++;
        }
    }

    /// <summary>Notes that a backfill of the stream has ended.</summary>
    public void End(StreamKey stream)
    {
        lock (_lock)
        {
            if (_streams.TryGetValue(stream, out StreamMeasurements? measurements) && measurements.Jobs > 0)
            {
                measurements.Jobs--;
                measurements.EndedAt = clock.GetTimestamp();
            }
        }
    }

    /// <summary>Finds the stream without a lock.</summary>
    public bool TryFind(StreamKey stream, [NotNullWhen(true)] out StreamMeasurements? measurements) =>
        _streams.TryGetValue(stream, out measurements);

    /// <summary>All streams by node id (ordinal), then interval, without those that are gone, which are forgotten.</summary>
    public IEnumerable<StreamMeasurements> Read()
    {
        foreach (StreamMeasurements measurements in TakeSnapshot().Streams)
        {
            if (!IsGone(measurements) || !Forget(measurements.Stream))
            {
                yield return measurements;
            }
        }
    }

    // Sorted once after each change, and not under the lock, on which backfills that begin would wait.
    private Snapshot TakeSnapshot()
    {
        int version = Volatile.Read(ref _version);
        Snapshot snapshot = Volatile.Read(ref _snapshot);
        if (snapshot.Version != version)
        {
            StreamMeasurements[] streams = [.. _streams.Values];
            Array.Sort(streams, StreamMeasurements.CompareStreams);
            snapshot = new Snapshot(version, streams);
            Volatile.Write(ref _snapshot, snapshot);
        }

        return snapshot;
    }

    // Reading without the lock may be wrong about a stream that is just beginning, so Forget looks again.
    private bool IsGone(StreamMeasurements measurements) =>
        measurements.Jobs == 0 && clock.GetElapsedTime(measurements.EndedAt) > QmtlMeter.Retention;

    private bool Forget(StreamKey stream)
    {
        lock (_lock)
        {
            return !_streams.TryGetValue(stream, out StreamMeasurements? measurements) || (IsGone(measurements) && Remove(stream));
        }
    }

    private bool RemoveFirstEnded()
    {
        StreamKey? first = null;
        long earliest = long.MaxValue;
        foreach ((StreamKey stream, StreamMeasurements measurements) in _streams)
        {
            if (measurements.Jobs == 0 && measurements.EndedAt < earliest)
            {
                (first, earliest) = (stream, measurements.EndedAt);
            }
        }

        return first is { } ended && Remove(ended);
    }

    private bool Remove(StreamKey stream)
    {
        bool removed = _streams.TryRemove(stream, out _);
        Interlocked.Increment(ref _version);
        return removed;
    }

    private sealed record Snapshot(int Version, StreamMeasurements[] Streams);
}
