using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.History;

namespace Qmtl.Telemetry;

/// <summary>
/// How fresh and how complete one kept stream is, as whoever keeps it has seen it last. Any thread may tell; lateness is reckoned when the
/// gauge is read, so that it grows also where nothing happens any more.
/// </summary>
internal sealed class KeptGauge : IDisposable
{
    private const long Unknown = long.MinValue;

    private readonly FreshnessInstruments _owner;
    private readonly long _firstBar;
    private long _due = Unknown;
    private long _stored = Unknown;
    private long _empty;

    internal KeptGauge(FreshnessInstruments owner, StreamKey stream, string store, long firstBar, TimeSpan budget) =>
        (_owner, Stream, Store, _firstBar, Budget) = (owner, stream, store, stream.Interval.Ceiling(firstBar), budget);

    /// <summary>The stream.</summary>
    public StreamKey Stream { get; }

    /// <summary>The store that it is kept in, by its display name.</summary>
    public string Store { get; }

    /// <summary>How long after its close a bar may be missing.</summary>
    public TimeSpan Budget { get; }

    /// <summary>
    /// Takes the bar up to which the newest bars are stored or known not to exist (its open, Unix seconds, UTC): after each visit. Where
    /// nothing is there yet, it is the bar before the first.
    /// </summary>
    public void Complete(long completeTo) => Interlocked.Exchange(ref _due, Stream.Interval.Next(Math.Max(completeTo, Before)));

    /// <summary>Counts what a visit has brought, once <see cref="Look"/> has told what was there.</summary>
    public void Add(BackfillResult result)
    {
        if (Interlocked.Read(ref _stored) != Unknown)
        {
            Interlocked.Add(ref _stored, result.BarsWritten - result.BarsReplaced);
            Interlocked.Add(ref _empty, result.BarsEmpty);
        }
    }

    /// <summary>Takes what the store holds: before the first visit, and now and then, as others may write there, too.</summary>
    /// <param name="history">What is stored from the first kept bar on; null where nothing is.</param>
    /// <param name="due">The open (Unix seconds, UTC) of the bar that is waited for; null where nobody knows of any.</param>
    public void Look(HistorySummary? history, long? due)
    {
        Interlocked.Exchange(ref _empty, (history?.Empty ?? 0) + (history?.EmptyAfter ?? 0));
        Interlocked.Exchange(ref _stored, history?.Bars ?? 0);
        if (due is { } bar)
        {
            Interlocked.Exchange(ref _due, bar);
        }
    }

    /// <summary>How late the newest bars are, in seconds; null before anything is known.</summary>
    public double? StalenessAt(DateTimeOffset now) => Interlocked.Read(ref _due) is var due && due == Unknown
        ? null
        : Stream.Interval.SinceClose(due, now).TotalSeconds;

    /// <summary>
    /// What part of the bars that can exist from the first to the newest complete one is stored, from 0 to 1; null before that is known.
    /// </summary>
    public double? Coverage
    {
        get
        {
            (long due, long stored) = (Interlocked.Read(ref _due), Interlocked.Read(ref _stored));
            if (due == Unknown || stored == Unknown)
            {
                return null;
            }

            long all = due <= _firstBar ? 0 : Stream.Interval.CountBetween(_firstBar, due) - 1 - Interlocked.Read(ref _empty);
            return stored <= 0 ? (all > 0 ? 0 : 1) : Math.Min(1, stored / (double)Math.Max(all, stored));
        }
    }

    private long Before => Stream.Interval.Previous(_firstBar);

    /// <summary>The stream is not kept any more: its series are gone at once.</summary>
    public void Dispose() => _owner.Remove(this);
}
