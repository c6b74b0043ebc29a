using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.History;
using Qmtl.Time;

namespace Qmtl.Backfill;

/// <summary>
/// Holds a stream's stored bars against a source: all of a range, or a random sample of it. The source is asked as a backfill asks it:
/// several pages at a time, within its rate limit, again where it fails for a passing reason. Another store is a source, too
/// (<see cref="StoreFetcher"/>).
/// </summary>
/// <param name="store">What is stored.</param>
/// <param name="source">What it is compared with.</param>
/// <param name="stream">The stream.</param>
/// <param name="range">The bars; those that have not closed are left out.</param>
public sealed class HistoryComparison(IHistoryStore store, IDataFetcher source, StreamKey stream, TimeRange range)
{
    // Differences that wait for whoever takes them, beside those of the page that is looked at.
    private const int WaitingPages = 4;

    private long _compared;
    private long _missing;
    private long _extra;
    private long _different;

    /// <summary>How many bars are compared, chosen at random, each with the same chance; null, the default, for all of the range.</summary>
    /// <value>At least 1. More than there are bars means all.</value>
    public int? SampleSize { get; init; }

    /// <summary>With what the choice begins, so that the same bars are chosen again; null, the default, for others each time.</summary>
    public int? Seed { get; init; }

    /// <summary>
    /// Whether the source's bars are written where the stored ones differ or are missing: one transaction a page, with the store's trail of
    /// it. Bars that the source does not have stay. False by default.
    /// </summary>
    public bool Repair { get; init; }

    /// <summary>By how much floating-point values may lie apart and still be the same; 0 by default. No other values may.</summary>
    public double AbsoluteTolerance { get; init; }

    /// <summary>By which part of the other's value they may lie apart, in addition; 0 by default, and 0.01 for a percent.</summary>
    public double RelativeTolerance { get; init; }

    /// <summary>What was compared, and what it says of all bars of the range; complete when the run has ended.</summary>
    public ComparisonSummary Summary => new(stream, range)
    {
        IsSample = SampleSize < range.CountBars(stream.Interval),
        BarsCompared = _compared,
        BarsMissing = _missing,
        BarsExtra = _extra,
        BarsDifferent = _different,
    };

    /// <summary>
    /// The bars to compare where an end is open: then it is the first or last bar that either has. An exchange does not say which bars it
    /// has; beside it, what is stored counts alone.
    /// </summary>
    /// <param name="store">What is stored.</param>
    /// <param name="source">What it is compared with.</param>
    /// <param name="stream">The stream.</param>
    /// <param name="start">The first instant; null for an open end.</param>
    /// <param name="end">The last instant, inside; null for an open end.</param>
    /// <param name="cancellationToken">Ends the look.</param>
    /// <returns>Null where neither has a bar.</returns>
    /// <exception cref="ArgumentException">The start is after the end, or no whole second lies between the two.</exception>
    internal static async Task<TimeRange?> FindRangeAsync(
        IHistoryStore store,
        IDataFetcher source,
        StreamKey stream,
        DateTimeOffset? start,
        DateTimeOffset? end,
        CancellationToken cancellationToken)
    {
        TimeRange asked = AskedRange.Between(start, end);
        if (start is not null && end is not null)
        {
            return asked;
        }

        TimeRange?[] both =
        [
            (await store.GetCoverageAsync(stream, cancellationToken: cancellationToken)).Bounds,
            await source.FindExtentAsync(stream, cancellationToken),
        ];
        long? first = start is null ? both.Min(static bounds => bounds?.Start) : asked.Start;
        long? last = end is null ? both.Max(static bounds => bounds?.End) : asked.End;
        return first <= last ? new TimeRange(first.Value, last!.Value) : null;
    }

    /// <summary>Compares, once, and gives each difference as soon as it is found; those of one page ascend.</summary>
    /// <param name="options">How the source is asked; null for the defaults.</param>
    /// <param name="timeProvider">The clock; null for the system's.</param>
    /// <param name="onEvent">Told of everything that happens, from any thread; it must return quickly and not throw.</param>
    /// <param name="loggerFactory">Makes the logger that is told of the source; null for none.</param>
    /// <param name="cancellationToken">Ends it. What was repaired stays.</param>
    /// <exception cref="ArgumentException">A sample cannot be repaired, or has no bar; a tolerance is below zero or no number.</exception>
    /// <exception cref="SourceException">The source could not answer for some bars; the differences of the others were given.</exception>
    /// <exception cref="StoreException">The store refused or cannot be reached.</exception>
    public IAsyncEnumerable<BarDifference> RunAsync(
        BackfillOptions? options = null,
        TimeProvider? timeProvider = null,
        Action<BackfillEvent>? onEvent = null,
        ILoggerFactory? loggerFactory = null,
        CancellationToken cancellationToken = default)
    {
        if (SampleSize < 1)
        {
            throw new ArgumentException($"A sample of {SampleSize} bars tells nothing. Take at least one.");
        }

        if (SampleSize is not null && Repair)
        {
            throw new ArgumentException("Only what was compared can be repaired. Leave the sample out, or the repair.");
        }

        if (!ValueTolerance.IsUsable(AbsoluteTolerance) || !ValueTolerance.IsUsable(RelativeTolerance))
        {
            throw new ArgumentException(
                $"A tolerance is a number that is not below zero, and these are {AbsoluteTolerance} and {RelativeTolerance}.");
        }

        var engine = BackfillEngine.Comparing(
            (options ?? new BackfillOptions()) with { Force = false, RetryEmpty = false }, timeProvider, onEvent, loggerFactory);
        return RunAsync(engine, cancellationToken);
    }

    private async IAsyncEnumerable<BarDifference> RunAsync(
        BackfillEngine engine, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var abandoned = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var pages = Channel.CreateBounded<ComparedPage>(WaitingPages);
        Task<Exception?> comparing = CompareAsync(engine, pages.Writer, abandoned.Token);
        try
        {
            await foreach (ComparedPage page in pages.Reader.ReadAllAsync(cancellationToken))
            {
                Count(page);
                foreach (BarDifference difference in page.Differences)
                {
                    yield return difference;
                }
            }
        }
        finally
        {
            // Whoever stops early leaves no work behind.
            await abandoned.CancelAsync();
            await ((Task)comparing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        cancellationToken.ThrowIfCancellationRequested();
        if (await comparing is { } error)
        {
            ExceptionDispatchInfo.Throw(error);
        }
    }

    private async Task<Exception?> CompareAsync(
        BackfillEngine engine, ChannelWriter<ComparedPage> pages, CancellationToken cancellationToken)
    {
        Exception? error = null;
        try
        {
            var tolerance = new ValueTolerance(AbsoluteTolerance, RelativeTolerance);
            await using var compared = new ComparedStore(store, Repair, learns: source is not StoreFetcher, tolerance, pages);
            var request = new BackfillRequest(compared, source, stream, Choose());
            await foreach (BackfillResult result in engine.RunAsync([request], cancellationToken))
            {
                error ??= result.Error;
            }

            return error;
        }
        finally
        {
            pages.TryComplete();
        }
    }

    private IReadOnlyList<TimeRange> Choose()
    {
        if (range.AlignTo(stream.Interval) is not { } bars || SampleSize is not { } size || size >= bars.CountBars(stream.Interval))
        {
            return [range];
        }

        // Without replacement, and in memory in proportion to the sample: Floyd's way.
        long all = bars.CountBars(stream.Interval);
        Random random = Seed is { } seed ? new Random(seed) : new Random();
        var chosen = new HashSet<long>();
        for (long last = all - size; last < all; last++)
        {
            if (!chosen.Add(random.NextInt64(last + 1)))
            {
                chosen.Add(last);
            }
        }

        return [.. chosen.Order().Select(bar => stream.Interval.Add(bars.Start, bar)).Select(open => new TimeRange(open, open))];
    }

    private void Count(ComparedPage page)
    {
        _compared += page.Bars;
        foreach (BarDifference bar in page.Differences.DistinctBy(static difference => difference.Timestamp))
        {
            switch (bar.Kind)
            {
                case BarDifferenceKind.Missing:
                    _missing++;
                    break;
                case BarDifferenceKind.Extra:
                    _extra++;
                    break;
                default:
                    _different++;
                    break;
            }
        }
    }
}
