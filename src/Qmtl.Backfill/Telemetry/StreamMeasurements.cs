using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.Telemetry;

/// <summary>What was counted for one stream. Any thread may add; a reader sees each number whole.</summary>
internal sealed class StreamMeasurements(StreamKey stream)
{
    private const long Never = long.MinValue;

    // What lies beyond that many holes counts as one: too much is then taken for a hole until it is asked for again, and never too little.
    private const int MostHoles = 1000;

    private readonly long[] _rejected = new long[MetricLabels.ReasonCount];
    private readonly Lock _gate = new();
    private long _lastTimestamp = Never;
    private TimeRangeSet _holes = TimeRangeSet.Empty(stream.Interval);
    private GapAges? _gaps;
    private long _remaining;
    private volatile bool _isPlanned;
    private long _written;
    private long _empty;
    private long _retries;
    private long _failures;

    public StreamKey Stream { get; } = stream;

    /// <summary>The labels of the stream's series.</summary>
    public KeyValuePair<string, object?>[] Labels { get; } = MetricLabels.Of(stream);

    /// <summary>
    /// The bar up to which all that was ever asked of the stream is there (Unix seconds, UTC), as far as is known here: a hole that one
    /// backfill left holds it back until one fills it. Null before anything is there.
    /// </summary>
    public long? LastTimestamp
    {
        get
        {
            lock (_gate)
            {
                return _lastTimestamp == Never ? null
                    : _holes.IsEmpty ? _lastTimestamp : Math.Min(_lastTimestamp, _holes.Interval.Previous(_holes[0].Start));
            }
        }
    }

    /// <summary>Bars that are asked for and not there yet; null before a plan was made.</summary>
    public long? GapBarsRemaining => _isPlanned ? Math.Max(0, Interlocked.Read(ref _remaining)) : null;

    public long BarsWritten => Interlocked.Read(ref _written);

    public long BarsEmpty => Interlocked.Read(ref _empty);

    public long Retries => Interlocked.Read(ref _retries);

    public long Failures => Interlocked.Read(ref _failures);

    /// <summary>Backfills of the stream that run; guarded by the registry's lock.</summary>
    public int Jobs { get; set; }

    /// <summary>When the last of them ended, as the clock's timestamp; guarded by the registry's lock.</summary>
    public long EndedAt { get; set; }

    /// <summary>The order of streams: by node id, then interval.</summary>
    public static int CompareStreams(StreamMeasurements a, StreamMeasurements b) =>
        string.CompareOrdinal(a.Stream.NodeId, b.Stream.NodeId) is var byNode and not 0
            ? byNode
            : a.Stream.Interval.CompareTo(b.Stream.Interval);

    /// <summary>Rows that were rejected for <paramref name="reason"/>.</summary>
    public long BarsRejected(RejectionReason reason) => Interlocked.Read(ref _rejected[(int)reason]);

    /// <summary>Counts what happened.</summary>
    /// <param name="happened">An event of this stream.</param>
    public void Add(BackfillEvent happened)
    {
        switch (happened)
        {
            case BackfillPlanned planned:
                Plan(planned.BarsMissing);
                Advance(planned.CompleteUpTo, settled: null, left: planned.Missing);
                break;
            case BackfillPageCommitted page:
                Interlocked.Add(ref _written, page.BarsWritten);
                Interlocked.Add(ref _empty, page.BarsEmpty);
                Interlocked.Add(ref _remaining, -(page.BarsWritten + page.BarsEmpty));
                Advance(page.CompleteUpTo, page.Settled, left: null);
                break;
            case BackfillRetrying:
                Interlocked.Increment(ref _retries);
                break;
            case BackfillRowsRejected rows:
                for (int reason = 0; reason < _rejected.Length; reason++)
                {
                    Interlocked.Add(ref _rejected[reason], rows.Rejected[(RejectionReason)reason]);
                }

                break;
            case BackfillRangeEnded { Result: { Status: BackfillStatus.Failed } }:
                Interlocked.Increment(ref _failures);
                break;
            case BackfillEnded ended:
                Advance(ended.CompleteUpTo, ended.Asked, ended.Missing);
                break;
        }
    }

    /// <summary>Notes since when bars have been missing, and when they are no longer.</summary>
    /// <param name="happened">An event of this stream.</param>
    /// <param name="clock">The clock.</param>
    /// <returns>Since when, as the clock's timestamp, each gap has been known that is filled with this; nothing where none is.</returns>
    public long[] TimeGaps(BackfillEvent happened, TimeProvider clock)
    {
        (TimeRangeSet? missing, TimeRangeSet? settled) = happened switch
        {
            BackfillPlanned { Missing: { } planned } => (WithoutNewest(planned, clock.GetUtcNow()), null),
            BackfillPageCommitted page => (null, page.Settled),
            BackfillEnded { Asked: { } asked } ended => (ended.Missing, ended.Missing is null ? asked : asked.Subtract(ended.Missing)),
            _ => ((TimeRangeSet?)null, (TimeRangeSet?)null),
        };
        if (missing is null && settled is null)
        {
            return [];
        }

        lock (_gate)
        {
            long[] closed = settled is null ? [] : _gaps?.Settle(settled) ?? [];
            if (missing is { IsEmpty: false })
            {
                (_gaps ??= new GapAges(Stream.Interval)).See(missing, clock.GetTimestamp());
            }

            return closed;
        }
    }

    // Bars that have come since the last visit are new. They are a gap once a visit has left them missing.
    private TimeRangeSet WithoutNewest(TimeRangeSet missing, DateTimeOffset now) =>
        missing.Bounds is { } bounds && bounds.End >= Stream.Interval.Previous(Stream.Interval.LastClosedBar(now))
            ? missing.Subtract(new TimeRangeSet(Stream.Interval, missing[^1]))
            : missing;

    // Backfills of one stream into two stores may overlap; then their bars add up. A backfill alone begins anew.
    private void Plan(long missing)
    {
        if (Jobs > 1 && _isPlanned)
        {
            Interlocked.Add(ref _remaining, missing);
        }
        else
        {
            Interlocked.Exchange(ref _remaining, missing);
        }

        _isPlanned = true;
    }

    // Backfills of several ranges may run one after the other, and the gauge is the furthest of them that no hole holds back.
    private void Advance(long? bar, TimeRangeSet? settled, TimeRangeSet? left)
    {
        lock (_gate)
        {
            _lastTimestamp = Math.Max(_lastTimestamp, bar ?? Never);
            _holes = _holes.IsEmpty || settled is null ? _holes : _holes.Subtract(settled);
            if (left is not null)
            {
                _holes = _holes.Union(left);
                _holes = _holes.Count <= MostHoles
                    ? _holes
                    : new TimeRangeSet(
                        _holes.Interval, [.. _holes.Take(MostHoles - 1), new TimeRange(_holes[MostHoles - 1].Start, _holes[^1].End)]);
            }
        }
    }
}
