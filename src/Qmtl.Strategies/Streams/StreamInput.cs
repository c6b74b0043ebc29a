using System.Diagnostics.CodeAnalysis;
using System.Runtime.ExceptionServices;
using Qmtl.Backfill;
using Qmtl.Caching;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.History;
using Qmtl.Payloads;
using Qmtl.Recording;
using Qmtl.Time;

namespace Qmtl.Streams;

/// <summary>Where bars enter a strategy: a stream, with the provider of its history and the recorder of what is processed.</summary>
/// <remarks>
/// Provider and recorder learn the stream's key once, on construction, where they are <see cref="IStreamBound"/>, and cannot be
/// exchanged afterwards. The stream owns neither: whoever made them disposes them.
/// </remarks>
[SuppressMessage(
    "Design",
    "CA1001:Types that own disposable fields should be disposable",
    Justification = "A SemaphoreSlim whose wait handle is never taken holds nothing to release.")]
public sealed class StreamInput : Node
{
    private readonly TimeProvider _timeProvider;
    private readonly SemaphoreSlim _loading = new(1);

    /// <summary>A stream.</summary>
    /// <param name="options">What it is made of.</param>
    /// <param name="timeProvider">The clock that tells which bars have closed; null for the system's.</param>
    /// <exception cref="ArgumentException">
    /// The period is less than 1, the id cannot be kept by stores, or there is a symbol and no source that knows symbols.
    /// </exception>
    public StreamInput(StreamInputOptions options, TimeProvider? timeProvider = null)
        : base(ToNodeOptions(options))
    {
        _timeProvider = timeProvider ?? TimeProvider.System;
        HistoryProvider = options.Symbol is { } symbol ? AskedFor(symbol, options.HistoryProvider) : options.HistoryProvider;
        EventService = options.EventService;
        (HistoryProvider as IStreamBound)?.BindStream(Key);
        EventService?.BindStream(Key);
    }

    /// <summary>Where the stream's history comes from, or null.</summary>
    public IHistoryProvider? HistoryProvider { get; }

    /// <summary>What records each bar that a pipeline processes, or null.</summary>
    public EventRecorderService? EventService { get; }

    /// <summary>
    /// Brings the history inside <paramref name="range"/> into the cache: has the provider fill what is missing, then reads what the
    /// cache can hold, the newest <see cref="Node.Period"/> bars, page by page. What was loaded before is neither asked for nor read again.
    /// </summary>
    /// <param name="range">The bars by their opens, Unix seconds, UTC, inclusive at both ends. Bars that have not closed are left
    /// out.</param>
    /// <param name="cancellationToken">Ends the load; what was filled and loaded until then stays.</param>
    /// <returns>What was loaded, filled and not found, counted for this call alone.</returns>
    /// <exception cref="InvalidOperationException">The stream has no provider.</exception>
    /// <exception cref="SourceException">The source could not answer, or the provider answered what cannot be used. What was there before
    /// is loaded all the same.</exception>
    /// <exception cref="StoreException">The store refused or cannot be reached.</exception>
    public async Task<BackfillResult> LoadHistoryAsync(TimeRange range, CancellationToken cancellationToken = default)
    {
        BackfillResult load = await LoadAsync(range, engine: null, cancellationToken);
        if (load.Error is { } error)
        {
            ExceptionDispatchInfo.Throw(error);
        }

        return load;
    }

    /// <summary>
    /// The same, with failures in the result instead of thrown; only a cancellation is thrown, and that there is no provider or that the
    /// load is part of itself.
    /// </summary>
    /// <param name="range">The bars, inclusive at both ends.</param>
    /// <param name="engine">The engine that completes the provider; null for one of this call's own.</param>
    /// <param name="cancellationToken">Ends the load.</param>
    internal async Task<BackfillResult> LoadAsync(TimeRange range, BackfillEngine? engine, CancellationToken cancellationToken)
    {
        IHistoryProvider provider = RequireProvider();
        UnderWay.Require(Key, this);

        // Two loads at once would ask for the same bars twice; the second finds what the first brought.
        await _loading.WaitAsync(cancellationToken);
        try
        {
            using IDisposable underWay = UnderWay.Enter(Key, this);
            return await new HistoryLoader(
                this,
                provider,
                engine ?? new BackfillEngine(provider.Options, _timeProvider),
                _timeProvider).LoadAsync(range, cancellationToken);
        }
        finally
        {
            _loading.Release();
        }
    }

    /// <summary>The oldest bar in the cache where that is full, so that those before it may have been pushed out; else null.</summary>
    internal long? OldestOfFullCache => Cache.IsReady(Key) ? Cache.Slice(Key, 0, 1).Bounds?.Start : null;

    /// <summary>The provider of the stream's history.</summary>
    /// <exception cref="InvalidOperationException">The stream has none.</exception>
    internal IHistoryProvider RequireProvider() => HistoryProvider
        ?? throw new InvalidOperationException(
            $"The stream {Key} has no history provider, so it has no history to load. Create it with one.");

    /// <summary>What the provider has inside a range, checked, page by page; none of its pages is empty.</summary>
    /// <exception cref="InvalidOperationException">The stream has no provider.</exception>
    internal IAsyncEnumerable<BarFrame> ReadHistoryAsync(TimeRange range, CancellationToken cancellationToken)
    {
        ProviderCalls provider = CallProvider();
        return range.AlignTo(Interval) is { } bars
            ? provider.ReadAsync(bars, static _ => { }, static () => { }, cancellationToken)
            : AsyncEnumerable.Empty<BarFrame>();
    }

    /// <summary>Calls the provider; what fails for a passing reason is tried again.</summary>
    /// <param name="options">How often; null for what the provider says.</param>
    /// <exception cref="InvalidOperationException">The stream has no provider.</exception>
    internal ProviderCalls CallProvider(BackfillOptions? options = null)
    {
        IHistoryProvider provider = RequireProvider();
        var retries = new RetryPolicy(options ?? provider.Options, _timeProvider);
        return new ProviderCalls(provider, Key, retries, _timeProvider, static _ => { });
    }

    /// <summary>A stream computes nothing: its results are the bars that are fed to it.</summary>
    protected internal override Payload Compute(CacheView view) => Payload.None;

    private static IHistoryProvider AskedFor(string symbol, IHistoryProvider? provider)
    {
        try
        {
            return provider?.Fetcher is { } fetcher
                ? provider.From(fetcher.ForSymbol(symbol))
                : throw new ArgumentException(
                    $"There is a symbol ({symbol}) and no source that could be asked for it. Give a history provider with a fetcher.");
        }
        catch (InvalidOperationException refusal)
        {
            throw new ArgumentException(refusal.Message, refusal);
        }
    }

    private static NodeOptions ToNodeOptions(StreamInputOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new NodeOptions
        {
            Interval = options.Interval,
            Period = options.Period,
            NodeId = options.NodeId,
            Tags = options.Tags,
            Configuration = options.Configuration,
        };
    }
}
