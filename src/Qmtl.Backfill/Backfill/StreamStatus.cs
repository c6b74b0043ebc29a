using Qmtl.Data;
using Qmtl.History;
using Qmtl.Time;

namespace Qmtl.Backfill;

/// <summary>What is wrong with a kept stream, the worst last.</summary>
public enum StreamState
{
    /// <summary>Every bar that is due is there, or is late by no more than the budget.</summary>
    Fresh,

    /// <summary>The newest bars are there, and of those before them some are missing.</summary>
    Incomplete,

    /// <summary>A bar that closed longer ago than the budget allows is not there, nor any after it.</summary>
    Stale,

    /// <summary>No bar is stored at all, though the first one is due.</summary>
    Absent,
}

/// <summary>What is expected of a stream.</summary>
/// <param name="Stream">The stream.</param>
/// <param name="FirstBar">The open (Unix seconds, UTC) of the first bar that should be there; null, the default, for the first stored
/// one.</param>
/// <param name="Budget">How long after its close a bar may be missing; null, the default, for
/// <see cref="StreamStatus.DefaultBudget"/>.</param>
public readonly record struct StreamExpectation(StreamKey Stream, long? FirstBar = null, TimeSpan? Budget = null);

/// <summary>How fresh and how complete a stream is at one moment, held against what is expected of it.</summary>
public sealed record StreamStatus
{
    private static readonly TimeSpan LeastBudget = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan MostBudget = TimeSpan.FromDays(1);

    private StreamStatus(StreamExpectation expected, DateTimeOffset time) => (Stream, Time, Budget) =
        (expected.Stream, time, expected.Budget ?? DefaultBudget(expected.Stream.Interval));

    /// <summary>
    /// From the worst to the best: by state, by how often the lateness holds the budget, by missing bars, and then by name.
    /// </summary>
    public static IComparer<StreamStatus> WorstFirst { get; } = Comparer<StreamStatus>.Create(static (a, b) =>
        b.State.CompareTo(a.State) is var state and not 0 ? state
        : b.Overrun.CompareTo(a.Overrun) is var overrun and not 0 ? overrun
        : b.Missing.CompareTo(a.Missing) is var missing and not 0 ? missing
        : string.CompareOrdinal(a.Stream.NodeId, b.Stream.NodeId) is var node and not 0 ? node
        : a.Stream.Interval.CompareTo(b.Stream.Interval));

    /// <summary>The stream.</summary>
    public StreamKey Stream { get; }

    /// <summary>The moment that is spoken of.</summary>
    public DateTimeOffset Time { get; }

    /// <summary>How long after its close a bar may be missing.</summary>
    public TimeSpan Budget { get; }

    /// <summary>
    /// What is stored, from the first expected bar to the newest that is there; null where nothing is. The bounds begin at the first
    /// <em>expected</em> bar, so that what is missing before the first stored one counts.
    /// </summary>
    public HistorySummary? History { get; private init; }

    /// <summary>The open of the newest stored bar (Unix seconds, UTC); null where nothing is stored.</summary>
    public long? Newest => History?.Bounds.End;

    /// <summary>The open of the newest bar that has closed, which should be there or be known not to exist.</summary>
    public long Expected => Stream.Interval.LastClosedBar(Time);

    /// <summary>
    /// The open of the first bar after <see cref="Newest"/> that is not known not to exist: the one that is waited for. Null where nothing
    /// is stored and nobody said from when on it should be.
    /// </summary>
    public long? Due { get; private init; }

    /// <summary>How many bars after the newest stored one have closed and are neither there nor known not to exist.</summary>
    public long Behind { get; private init; }

    /// <summary>How many bars up to the newest stored one are neither there nor known not to exist.</summary>
    public long Missing => History?.Missing ?? 0;

    /// <summary>
    /// What part of the bars that can exist up to the newest stored one is there, from 0 to 1: 1 only where none is missing, and where none
    /// is due yet.
    /// </summary>
    public double Coverage => History?.Completeness ?? (State == StreamState.Absent ? 0 : 1);

    /// <summary><see cref="Coverage"/> in per cent for people, cut after two decimals: 100 only where no bar is missing.</summary>
    public double Percent => History?.Percent ?? 100 * Coverage;

    /// <summary>
    /// How late the stream is: how long ago the bar that is waited for closed. Zero where every bar that has closed is there; null where
    /// nobody said what is waited for.
    /// </summary>
    public TimeSpan? Staleness => Due is { } due ? Stream.Interval.SinceClose(due, Time) : null;

    /// <summary>What is wrong.</summary>
    public StreamState State =>
        History is null && (Due is null || Behind > 0) ? StreamState.Absent
        : Staleness > Budget ? StreamState.Stale
        : Missing > 0 ? StreamState.Incomplete
        : StreamState.Fresh;

    // Streams of several budgets are compared by how often theirs is used up.
    private double Overrun => Staleness is { } late ? late / (Budget > TimeSpan.Zero ? Budget : TimeSpan.FromSeconds(1)) : double.MaxValue;

    /// <summary>The budget where nobody gives one: the length of two bars, but from five minutes to a day.</summary>
    public static TimeSpan DefaultBudget(BarInterval interval)
    {
        TimeSpan two = 2 * interval.Duration;
        return two < LeastBudget ? LeastBudget : two > MostBudget ? MostBudget : two;
    }

    /// <summary>Looks at streams of one provider. The provider counts, all at once; few streams need a second question.</summary>
    /// <param name="provider">Whose history.</param>
    /// <param name="streams">What is expected of each; those that are not stored are told of, too.</param>
    /// <param name="now">The time of day.</param>
    /// <param name="cancellationToken">Ends the queries.</param>
    /// <returns>One a stream, in the order in which they were given.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A budget is negative.</exception>
    public static async Task<IReadOnlyList<StreamStatus>> FindAsync(
        IHistoryProvider provider,
        IReadOnlyCollection<StreamExpectation> streams,
        DateTimeOffset now,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(provider);
        ArgumentNullException.ThrowIfNull(streams);
        foreach (StreamExpectation expected in streams)
        {
            OptionLimits.RequireBetween(expected.Budget ?? TimeSpan.Zero, TimeSpan.Zero, TimeSpan.MaxValue, nameof(Budget));
        }

        Dictionary<StreamKey, HistorySummary> stored = (await provider.SummarizeAsync(
            [.. streams.Select(expected => expected.Stream).Distinct()], cancellationToken)).ToDictionary(summary => summary.Stream);
        var found = new List<StreamStatus>(streams.Count);
        foreach (StreamExpectation expected in streams)
        {
            HistorySummary? summary = stored.GetValueOrDefault(expected.Stream) is { } whole
                ? await UpToNowAsync(provider, whole, now, cancellationToken)
                : null;
            summary = summary is null || expected.FirstBar is not { } first
                ? summary
                : await FromAsync(provider, summary, expected.Stream.Interval.Ceiling(first), cancellationToken);
            found.Add(await OfAsync(provider, expected, summary, now, cancellationToken));
        }

        return found;
    }

    /// <summary>The status of a stream of which all is known.</summary>
    /// <param name="expected">What is expected.</param>
    /// <param name="history">What is stored from the first expected bar on; null where nothing is.</param>
    /// <param name="absent">The bars after the newest stored one that are known not to exist; null for none.</param>
    /// <param name="now">The time of day.</param>
    internal static StreamStatus Of(StreamExpectation expected, HistorySummary? history, TimeRangeSet? absent, DateTimeOffset now)
    {
        BarInterval interval = expected.Stream.Interval;
        if (AfterNewest(expected, history, now) is not { } after)
        {
            return new StreamStatus(expected, now) { History = history, Due = NextOf(expected, history) };
        }

        TimeRangeSet missing = new TimeRangeSet(interval, after).Subtract(absent ?? TimeRangeSet.Empty(interval));
        return new StreamStatus(expected, now)
        {
            History = history,
            Due = missing.Bounds?.Start ?? interval.Next(after.End),
            Behind = missing.BarCount,
        };
    }

    // A bar of a time to come says nothing of those that have closed: what is stored is told up to now. The one that forms may be there.
    private static async Task<HistorySummary?> UpToNowAsync(
        IHistoryProvider provider, HistorySummary summary, DateTimeOffset now, CancellationToken cancellationToken)
    {
        StreamKey stream = summary.Stream;
        long forming = stream.Interval.Next(stream.Interval.LastClosedBar(now));
        if (summary.Bounds.End <= forming)
        {
            return summary;
        }

        if (summary.Bounds.Start > forming)
        {
            return null;
        }

        var range = new TimeRange(summary.Bounds.Start, forming);
        return HistorySummary.Of(
            stream,
            await provider.GetCoverageAsync(stream, range, cancellationToken),
            await provider.GetKnownEmptyAsync(stream, null, range, cancellationToken));
    }

    // The same from the first expected bar on; null where nothing is stored since.
    private static async Task<HistorySummary?> FromAsync(
        IHistoryProvider provider, HistorySummary summary, long first, CancellationToken cancellationToken)
    {
        (StreamKey stream, TimeRange bounds) = (summary.Stream, summary.Bounds);
        if (first == bounds.Start || first > bounds.End)
        {
            return first > bounds.End ? null : summary;
        }

        var range = new TimeRange(first, bounds.End);
        if (first < bounds.Start)
        {
            var before = new TimeRange(first, stream.Interval.Previous(bounds.Start));
            TimeRangeSet absent = await provider.GetKnownEmptyAsync(stream, null, before, cancellationToken);
            return summary with { Bounds = range, Empty = summary.Empty + absent.BarCount };
        }

        TimeRangeSet stored = await provider.GetCoverageAsync(stream, range, cancellationToken);
        TimeRangeSet empty = (await provider.GetKnownEmptyAsync(stream, null, range, cancellationToken)).Subtract(stored);
        return summary with { Bounds = range, Bars = stored.BarCount, Empty = empty.BarCount, Bytes = null };
    }

    private static async Task<StreamStatus> OfAsync(
        IHistoryProvider provider,
        StreamExpectation expected,
        HistorySummary? summary,
        DateTimeOffset now,
        CancellationToken cancellationToken)
    {
        TimeRange? after = summary is { EmptyAfter: 0 } ? null : AfterNewest(expected, summary, now);
        return Of(
            expected,
            summary,
            after is null ? null : await provider.GetKnownEmptyAsync(expected.Stream, null, after, cancellationToken),
            now);
    }

    // The closed bars after the newest stored one.
    private static TimeRange? AfterNewest(StreamExpectation expected, HistorySummary? summary, DateTimeOffset now)
    {
        long last = expected.Stream.Interval.LastClosedBar(now);
        return NextOf(expected, summary) is { } next && next <= last ? new TimeRange(next, last) : null;
    }

    private static long? NextOf(StreamExpectation expected, HistorySummary? summary) =>
        summary is not null ? expected.Stream.Interval.Next(summary.Bounds.End)
        : expected.FirstBar is { } first ? expected.Stream.Interval.Ceiling(first)
        : null;
}
