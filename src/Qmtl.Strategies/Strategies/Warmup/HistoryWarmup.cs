using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.CompilerServices;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.Streams;
using Qmtl.Time;

namespace Qmtl.Strategies.Warmup;

/// <summary>
/// Gives streams the history that they need before anything live: of each, the bars of the window of its period up to the last closed bar
/// are made sure of at its provider and loaded into its cache, in one pass. <see cref="Pipeline.Replay"/> then brings them to the nodes.
/// </summary>
/// <remarks>
/// Streams warm up at once, those of the same <see cref="BackfillOptions"/> through one engine. What is loaded already is neither asked for
/// nor read again.
/// </remarks>
[SuppressMessage(
    "Design",
    "CA1001:Types that own disposable fields should be disposable",
    Justification = "A SemaphoreSlim whose wait handle is never taken holds nothing to release.")]
public sealed class HistoryWarmup
{
    private readonly HistoryWarmupOptions _options;
    private readonly TimeProvider _timeProvider;
    private readonly ConcurrentDictionary<BackfillOptions, BackfillEngine> _engines = new();
    private readonly SemaphoreSlim _slots;

    /// <summary>A warm-up.</summary>
    /// <param name="options">How it works; null for the defaults.</param>
    /// <param name="timeProvider">The clock that tells which bars have closed; null for the system's.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is outside its limits.</exception>
    public HistoryWarmup(HistoryWarmupOptions? options = null, TimeProvider? timeProvider = null)
    {
        _options = options ?? new HistoryWarmupOptions();
        _timeProvider = timeProvider ?? TimeProvider.System;
        _options.Backfill?.Validate();
        OptionLimits.RequireBetween(_options.MaxRetries ?? 0, 0, 100, nameof(HistoryWarmupOptions.MaxRetries));
        _slots = _options.ThrottleLimit is >= 1 and <= 256
            ? new SemaphoreSlim(_options.ThrottleLimit)
            : throw new ArgumentOutOfRangeException(
                nameof(options), _options.ThrottleLimit, $"{nameof(HistoryWarmupOptions.ThrottleLimit)} must be from 1 to 256.");
    }

    /// <summary>
    /// Warms streams up and yields the result of each as soon as it is done. A stream that fails does not keep the others from going on.
    /// </summary>
    /// <param name="streams">The streams; one that stands here twice counts once.</param>
    /// <param name="cancellationToken">Ends the warm-up; what was filled and loaded until then stays.</param>
    /// <exception cref="ArgumentException">No bar of a stream that has closed opens from the start to the end.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async IAsyncEnumerable<WarmupResult> RunAsync(
        IEnumerable<StreamInput> streams, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(streams);

        // A caller who stops reading early must not leave work running behind.
        using var abandoned = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task<WarmupResult>[] running = [.. streams.Distinct().Select(stream => WarmUpAsync(stream, abandoned.Token))];
        try
        {
            await foreach (Task<WarmupResult> done in Task.WhenEach(running))
            {
                yield return await done;
            }
        }
        finally
        {
            await abandoned.CancelAsync();
            await ((Task)Task.WhenAll(running)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<WarmupResult> WarmUpAsync(StreamInput stream, CancellationToken cancellationToken)
    {
        await _slots.WaitAsync(cancellationToken);
        try
        {
            long started = _timeProvider.GetTimestamp();
            TimeRange window = WindowOf(stream);
            WarmupResult result = await LoadAsync(stream, window, cancellationToken);
            return result with { Duration = _timeProvider.GetElapsedTime(started) };
        }
        finally
        {
            _slots.Release();
        }
    }

    private TimeRange WindowOf(StreamInput stream)
    {
        DateTimeOffset now = _options.Now ?? _timeProvider.GetUtcNow();
        if (_options.Start is { } start)
        {
            return AskedRange.Closed(stream.Interval, start, _options.End, now, out string? note) ?? throw new ArgumentException(note);
        }

        long last = stream.Interval.LastClosedBar(now);
        last = _options.End is { } end ? Math.Min(stream.Interval.Floor(end.ToUnixTimeSeconds()), last) : last;
        return new TimeRange(stream.Interval.Add(last, 1 - stream.Period), last);
    }

    private async Task<WarmupResult> LoadAsync(StreamInput stream, TimeRange window, CancellationToken cancellationToken)
    {
        long earliest = stream.Interval.Ceiling(DateTimeOffset.MinValue.ToUnixTimeSeconds());
        if (window.Start < earliest)
        {
            var possible = new TimeRange(earliest, window.End);
            var tooLong = new ArgumentException(
                $"The period of {stream.Key}, {stream.Period} bars, reaches back before the year 1. Give the stream a shorter one.");
            return new WarmupResult(stream, new BackfillResult
            {
                Stream = stream.Key,
                Range = possible,
                Status = BackfillStatus.Failed,
                BarsMissing = possible.CountBars(stream.Interval),
                Error = tooLong,
            });
        }

        BackfillResult load;
        try
        {
            load = await stream.LoadAsync(window, EngineFor(stream), cancellationToken);
        }
        catch (Exception error) when (error is InvalidOperationException or SourceException)
        {
            load = new BackfillResult { Stream = stream.Key, Range = window, Status = BackfillStatus.Failed, Error = error };
        }

        var held = TimeRangeSet.FromTimestamps(stream.Interval, stream.Cache.Slice(stream.Key, window).Timestamps);
        TimeRangeSet absent = StillHeldPart(stream, window) is { } part
            ? new TimeRangeSet(stream.Interval, part).Subtract(held)
            : TimeRangeSet.Empty(stream.Interval);
        TimeRangeSet missing = absent.Subtract(stream.Cache.State.GetRanges(stream.Key));
        TimeRangeSet holes = absent.Subtract(missing.Intersect(LatePart(stream.Interval, window.End)));
        Exception? failure = load.Error
            ?? (_options.OnMissing == OnMissing.Fail && !holes.IsEmpty ? new MissingBarsException(stream.Key, holes[0]) : null);
        var result = new WarmupResult(stream, load)
        {
            Range = window,
            Status = failure is not null ? BackfillStatus.Failed : missing.IsEmpty ? BackfillStatus.Completed : BackfillStatus.Partial,
            BarsLoaded = held.BarCount,
            BarsEmpty = absent.BarCount - missing.BarCount,
            BarsMissing = missing.BarCount,
            Error = failure,
        };
        if (failure is null && !holes.IsEmpty)
        {
            _options.OnWarning?.Invoke(DescribeHoles(result, holes));
        }

        return result;
    }

    // One engine for all that share their options keeps them together within its limit of requests.
    private BackfillEngine? EngineFor(StreamInput stream) => stream.HistoryProvider is { } provider
        ? _engines.GetOrAdd(
            _options.OptionsOf(provider),
            options => new BackfillEngine(options, _timeProvider, _options.OnEvent, _options.LoggerFactory))
        : null;

    // What newer bars have pushed out of a full cache is no hole.
    private static TimeRange? StillHeldPart(StreamInput stream, TimeRange window) => stream.OldestOfFullCache is not { } oldest ? window
        : oldest <= window.End ? new TimeRange(Math.Max(window.Start, oldest), window.End)
        : null;

    private TimeRangeSet LatePart(BarInterval interval, long last) =>
        _options.LateFrom is { } late && interval.Floor(late.ToUnixTimeSeconds()) is var first && first <= last
            ? new TimeRangeSet(interval, new TimeRange(first, last))
            : TimeRangeSet.Empty(interval);

    private static string DescribeHoles(WarmupResult result, TimeRangeSet holes)
    {
        string kinds = result switch
        {
            { BarsMissing: 0 } => "do not exist",
            { BarsEmpty: 0 } => "are missing",
            _ =>
                string.Create(
                    CultureInfo.InvariantCulture, $"are not there ({result.BarsEmpty} do not exist, {result.BarsMissing} are missing)"),
        };
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{result.Stream}: {holes.BarCount} of the {result.Range.CountBars(result.Stream.Interval)} bars of the warm-up {kinds}, in "
                + $"{(holes.Count == 1 ? "one hole" : $"{holes.Count} holes, the first")} at "
                + $"{UnixTime.Format(holes[0].Start)}{(result.Obstacle is { } obstacle ? $": {obstacle}" : string.Empty)}. Nodes leave out "
                + $"the steps at holes.");
    }
}

/// <summary>
/// What became of the warm-up of one stream. Loaded, empty and missing bars together are the bars of the window; written bars and requests
/// are of this run.
/// </summary>
public sealed record WarmupResult : BackfillResult
{
    [SetsRequiredMembers]
    internal WarmupResult(StreamInput input, BackfillResult load)
        : base(load) => Input = input;

    /// <summary>The stream.</summary>
    public StreamInput Input { get; }
}
