using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.History;
using Qmtl.Telemetry;
using Qmtl.Telemetry.Logging;
using Qmtl.Time;

namespace Qmtl.Backfill;

/// <summary>
/// Runs backfills: plans the fewest requests, makes several at once, checks what comes back, and commits it page by page.
/// What is committed is in the store, so a later run asks only for the rest.
/// </summary>
/// <remarks>
/// An engine may be used from several threads. Requests for one stream of one store run one after the other, and so do all for a provider
/// that fills itself. What happens is measured on the meter <see cref="QmtlMeter"/>, whoever runs the engine.
/// </remarks>
[SuppressMessage(
    "Design",
    "CA1001:Types that own disposable fields should be disposable",
    Justification = "A SemaphoreSlim whose wait handle is never taken holds nothing to release.")]
public sealed class BackfillEngine
{
    private readonly BackfillOptions _options;
    private readonly TimeProvider _timeProvider;
    private readonly Action<BackfillEvent> _raise;
    private readonly RetryPolicy _retries;
    private readonly SemaphoreSlim _requestSlots;
    private readonly SemaphoreSlim _streamSlots;
    private readonly BarBudget _budget;
    private readonly HashSet<BackfillJob> _outstanding = [];
    private readonly Dictionary<object, Task> _lastOfTurn = [];

    /// <summary>An engine.</summary>
    /// <param name="options">How it works; null for the defaults.</param>
    /// <param name="timeProvider">The clock for "closed", "settled" and every delay; null for the system's.</param>
    /// <param name="onEvent">Told of everything that happens, from any thread; it must return quickly and not throw.</param>
    /// <param name="loggerFactory">Makes the logger that is told the same, with the events of docs/logs.md; null for none.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is outside its limits.</exception>
    public BackfillEngine(
        BackfillOptions? options = null,
        TimeProvider? timeProvider = null,
        Action<BackfillEvent>? onEvent = null,
        ILoggerFactory? loggerFactory = null)
        : this(options, timeProvider, onEvent + LogTo(loggerFactory), QmtlMeter.Instruments.Backfills.Record)
    {
    }

    /// <summary>An engine that is measured elsewhere, so that what measuring costs can be told.</summary>
    internal BackfillEngine(
        BackfillOptions? options, TimeProvider? timeProvider, Action<BackfillEvent>? onEvent, Action<BackfillEvent> measure)
    {
        _options = options ?? new BackfillOptions();
        _options.Validate();
        _timeProvider = timeProvider ?? TimeProvider.System;
        _raise = measure + onEvent;
        _retries = new RetryPolicy(_options, _timeProvider);
        _requestSlots = new SemaphoreSlim(_options.ThrottleLimit);
        _streamSlots = new SemaphoreSlim(_options.ThrottleLimit);
        _budget = new BarBudget(_options.MaxBufferedBars);
    }

    /// <summary>
    /// An engine whose work fills no store and is not measured as if it did. Only what it tells of the source is logged.
    /// </summary>
    internal static BackfillEngine Comparing(
        BackfillOptions options, TimeProvider? timeProvider, Action<BackfillEvent>? onEvent, ILoggerFactory? loggerFactory)
    {
        Action<BackfillEvent>? log = LogTo(loggerFactory);
        return new BackfillEngine(options, timeProvider, onEvent, measure: happened =>
        {
            if (happened is BackfillSourceNote or BackfillSourceAsked or BackfillRetrying or BackfillWaiting or BackfillRowsRejected
                or BackfillStoreWarning)
            {
                log?.Invoke(happened);
            }
        });
    }

    /// <summary>Starts a request and returns at once.</summary>
    /// <param name="request">What to complete.</param>
    /// <param name="cancellationToken">Stops it; ranges without a result then end as <see cref="BackfillStatus.Cancelled"/>.</param>
    public BackfillJob Submit(BackfillRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        var work = new Work(
            request.Stream, request.Ranges, (request.Store, request.Stream), (request.Store, request.Fetcher),
            emit => new StreamBackfill(request, _options, _retries, _requestSlots, _budget, _timeProvider, _raise, emit).RunAsync);
        try
        {
            // A name may need a script, which may fail: for this stream, and for no other.
            request.Fetcher.GetName(request.Stream);
        }
        catch (Exception error) when (error is SourceException or ArgumentException)
        {
            var refused = new BackfillJob(request.Stream);
            Refuse(refused, work, error);
            return refused;
        }

        return Start(work, cancellationToken);
    }

    /// <summary>
    /// Completes a request for one who sees to it himself that a stream has one run at a time, and how many run at once.
    /// </summary>
    /// <param name="request">What to complete.</param>
    /// <param name="store">What must not come to this again within it: the store, as others know it.</param>
    /// <param name="emit">Told the result of each range as soon as it is done.</param>
    /// <param name="cancellationToken">Stops it, as a job's.</param>
    internal async Task CompleteAsync(
        BackfillRequest request, IHistoryStore store, Action<BackfillResult> emit, CancellationToken cancellationToken)
    {
        object party = (store, request.Fetcher);
        StreamBackfill backfill;
        try
        {
            UnderWay.Require(request.Stream, party);
            backfill = new StreamBackfill(request, _options, _retries, _requestSlots, _budget, _timeProvider, _raise, emit);
        }
        catch (Exception error) when (error is SourceException or ArgumentException)
        {
            foreach (BackfillResult result in EndUnasked(request.Stream, request.Ranges, BackfillStatus.Failed, error, obstacle: null))
            {
                emit(result);
            }

            return;
        }

        using IDisposable underWay = UnderWay.Enter(request.Stream, party);
        await backfill.RunAsync(cancellationToken);
    }

    /// <summary>Ends the ranges of a request for which nothing can be done at present.</summary>
    internal IEnumerable<BackfillResult> Leave(BackfillRequest request, string obstacle) =>
        EndUnasked(request.Stream, request.Ranges, BackfillStatus.Partial, error: null, obstacle);

    /// <summary>Waits until everything submitted so far has ended.</summary>
    public Task WaitAsync(CancellationToken cancellationToken = default)
    {
        lock (_lastOfTurn)
        {
            return Task.WhenAll(_outstanding.Select(job => job.Completion)).WaitAsync(cancellationToken);
        }
    }

    /// <summary>Runs all requests and yields the result of each range as soon as it is done.</summary>
    /// <param name="requests">What to complete.</param>
    /// <param name="cancellationToken">Stops the run. It then still yields a result for every range, <see cref="BackfillStatus.Cancelled"/>
    /// for those not done, and ends without throwing.</param>
    public IAsyncEnumerable<BackfillResult> RunAsync(IEnumerable<BackfillRequest> requests, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(requests);
        return RunAllAsync(token => [.. requests.Select(request => Submit(request, token))], cancellationToken);
    }

    /// <summary>
    /// Completes ranges of a provider that fills itself, gap by gap. A provider says nothing of how many calls it bears, so it gets one at
    /// a time.
    /// </summary>
    internal IAsyncEnumerable<BackfillResult> FillAsync(
        IHistoryProvider provider, StreamKey stream, IReadOnlyList<TimeRange> ranges, CancellationToken cancellationToken)
    {
        var work = new Work(
            stream, ranges, provider, provider,
            emit =>
                new ProviderBackfill(
                    provider,
                    stream,
                    ranges,
                    Calls(provider, stream),
                    _options.RetryEmpty,
                    _requestSlots,
                    _timeProvider,
                    _raise,
                    emit).RunAsync);
        return RunAllAsync(token => [_options.Force ? RefuseToForce(work, provider) : Start(work, token)], cancellationToken);
    }

    /// <summary>Calls a provider with this engine's retries; they are measured and told.</summary>
    internal ProviderCalls Calls(IHistoryProvider provider, StreamKey stream) => new(provider, stream, _retries, _timeProvider, _raise);

    /// <summary>Measures and tells what happened outside of the engine's own jobs.</summary>
    internal void Raise(BackfillEvent happened) => _raise(happened);

    private static Action<BackfillEvent>? LogTo(ILoggerFactory? loggerFactory) =>
        loggerFactory is null ? null : new BackfillLog(loggerFactory.CreateLogger<BackfillEngine>()).Write;

    private static async IAsyncEnumerable<BackfillResult> RunAllAsync(
        Func<CancellationToken, List<BackfillJob>> start, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // A caller who stops reading early must not leave work running behind.
        using var abandoned = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var all = Channel.CreateUnbounded<BackfillResult>(new UnboundedChannelOptions { SingleReader = true });
        List<BackfillJob> jobs = start(abandoned.Token);
        Task forwarding = Task.WhenAll(jobs.Select(job => ForwardAsync(job, all.Writer)))
            .ContinueWith(
                done => all.Writer.TryComplete(done.Exception),
                CancellationToken.None,
                TaskContinuationOptions.None,
                TaskScheduler.Default);
        try
        {
            await foreach (BackfillResult result in all.Reader.ReadAllAsync(CancellationToken.None))
            {
                yield return result;
            }
        }
        finally
        {
            await abandoned.CancelAsync();
            await forwarding;
        }
    }

    private static async Task ForwardAsync(BackfillJob job, ChannelWriter<BackfillResult> all)
    {
        await foreach (BackfillResult result in job.ReadResultsAsync())
        {
            all.TryWrite(result);
        }
    }

    private BackfillJob Start(Work work, CancellationToken cancellationToken)
    {
        var job = new BackfillJob(work.Stream);
        try
        {
            UnderWay.Require(work.Stream, work.Party, (this, work.Turn));
        }
        catch (SourceException error)
        {
            Refuse(job, work, error);
            return job;
        }

        lock (_lastOfTurn)
        {
            _outstanding.Add(job);
            Task previous = _lastOfTurn.GetValueOrDefault(work.Turn, Task.CompletedTask);
            job.Completion = Task.Run(() => RunAsync(job, work, previous, cancellationToken), CancellationToken.None);
            _lastOfTurn[work.Turn] = job.Completion;
        }

        return job;
    }

    private BackfillJob RefuseToForce(Work work, IHistoryProvider provider)
    {
        var job = new BackfillJob(work.Stream);
        Refuse(job, work, new NotSupportedException(
            $"The provider {provider.DisplayName} fills itself and is asked for missing bars only, so stored ones cannot be replaced. "
                + $"Use a provider over a store and a source of this library."));
        return job;
    }

    private void Refuse(BackfillJob job, Work work, Exception error)
    {
        foreach (BackfillResult result in EndUnasked(work.Stream, work.Ranges, BackfillStatus.Failed, error, obstacle: null))
        {
            job.Add(result);
        }

        job.Complete();
    }

    // Ranges that nothing is done for.
    private IEnumerable<BackfillResult> EndUnasked(
        StreamKey stream, IReadOnlyList<TimeRange> ranges, BackfillStatus status, Exception? error, string? obstacle)
    {
        foreach (TimeRange range in ranges)
        {
            var result = new BackfillResult
            {
                Stream = stream,
                Range = range,
                Status = status,
                BarsMissing = range.AlignTo(stream.Interval)?.CountBars(stream.Interval) ?? 0,
                Error = error,
                Obstacle = obstacle,
            };
            _raise(new BackfillRangeEnded(stream, result));
            yield return result;
        }
    }

    private async Task RunAsync(BackfillJob job, Work work, Task previous, CancellationToken cancellationToken)
    {
        using IDisposable underWay = UnderWay.Enter(work.Stream, work.Party, (this, work.Turn));
        bool holdsSlot = false;
        try
        {
            await previous;
            try
            {
                await _streamSlots.WaitAsync(cancellationToken);
                holdsSlot = true;
            }
            catch (OperationCanceledException)
            {
                // The run below sees the cancelled token and gives every range its result.
            }

            await work.Run(job.Add)(cancellationToken);
        }
        finally
        {
            if (holdsSlot)
            {
                _streamSlots.Release();
            }

            job.Complete();
            lock (_lastOfTurn)
            {
                _outstanding.Remove(job);
                if (_lastOfTurn.TryGetValue(work.Turn, out Task? last) && last == job.Completion)
                {
                    _lastOfTurn.Remove(work.Turn);
                }
            }
        }
    }

    /// <summary>Ranges of a stream to be completed.</summary>
    /// <param name="Stream">The stream.</param>
    /// <param name="Ranges">The ranges.</param>
    /// <param name="Turn">Work of equal turns runs one after the other.</param>
    /// <param name="Party">What must not come to this work again within it.</param>
    /// <param name="Run">How it is run, given where each result goes.</param>
    private sealed record Work(
        StreamKey Stream,
        IReadOnlyList<TimeRange> Ranges,
        object Turn,
        object Party,
        Func<Action<BackfillResult>, Func<CancellationToken, Task>> Run);
}
