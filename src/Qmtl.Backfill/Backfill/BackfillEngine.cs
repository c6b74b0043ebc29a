using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Qmtl.Data;
using Qmtl.History;
using Qmtl.Telemetry;
using Qmtl.Telemetry.Logging;

namespace Qmtl.Backfill;

/// <summary>
/// Runs backfills: plans the fewest requests, makes several at once, checks what comes back, and commits it page by page.
/// What is committed is in the store, so a later run asks only for the rest.
/// </summary>
/// <remarks>
/// An engine may be used from several threads. Requests for one stream of one store run one after the other.
/// What happens is measured on the meter <see cref="QmtlMeter"/>, whoever runs the engine.
/// </remarks>
[SuppressMessage("Design", "CA1001:Types that own disposable fields should be disposable", Justification = "A SemaphoreSlim whose wait handle is never taken holds nothing to release.")]
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
    private readonly Dictionary<(IHistoryStore Store, StreamKey Stream), Task> _lastOfStream = [];

    /// <summary>An engine.</summary>
    /// <param name="options">How it works; defaults where null.</param>
    /// <param name="timeProvider">The clock for "closed", "settled" and every delay; the system's where null.</param>
    /// <param name="onEvent">Told of everything that happens, from any thread; it must return quickly and not throw.</param>
    /// <param name="loggerFactory">Makes the logger that is told the same, with the events of docs/logs.md; none where null.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is outside its limits.</exception>
    public BackfillEngine(
        BackfillOptions? options = null, TimeProvider? timeProvider = null, Action<BackfillEvent>? onEvent = null, ILoggerFactory? loggerFactory = null)
        : this(options, timeProvider, onEvent + LogTo(loggerFactory), QmtlMeter.Instruments.Backfills.Record)
    {
    }

    /// <summary>An engine that is measured elsewhere, so that what measuring costs can be told.</summary>
    internal BackfillEngine(BackfillOptions? options, TimeProvider? timeProvider, Action<BackfillEvent>? onEvent, Action<BackfillEvent> measure)
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

    /// <summary>Starts a request and returns at once.</summary>
    /// <param name="request">What to complete.</param>
    /// <param name="cancellationToken">Stops it; ranges without a result then end as <see cref="BackfillStatus.Cancelled"/>.</param>
    public BackfillJob Submit(BackfillRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        var job = new BackfillJob(request);
        lock (_lastOfStream)
        {
            _outstanding.Add(job);
            (IHistoryStore, StreamKey) key = (request.Store, request.Stream);
            Task previous = _lastOfStream.GetValueOrDefault(key, Task.CompletedTask);
            job.Completion = Task.Run(() => RunAsync(job, previous, cancellationToken), CancellationToken.None);
            _lastOfStream[key] = job.Completion;
        }

        return job;
    }

    /// <summary>Waits until everything submitted so far has ended.</summary>
    public Task WaitAsync(CancellationToken cancellationToken = default)
    {
        lock (_lastOfStream)
        {
            return Task.WhenAll(_outstanding.Select(job => job.Completion)).WaitAsync(cancellationToken);
        }
    }

    /// <summary>Runs all requests and yields the result of each range as soon as it is done.</summary>
    /// <param name="requests">What to complete.</param>
    /// <param name="cancellationToken">Stops the run. It then still yields a result for every range, <see cref="BackfillStatus.Cancelled"/> for those not done, and ends without throwing.</param>
    public async IAsyncEnumerable<BackfillResult> RunAsync(IEnumerable<BackfillRequest> requests, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(requests);

        // A caller who stops reading early must not leave work running behind.
        using var abandoned = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var all = Channel.CreateUnbounded<BackfillResult>(new UnboundedChannelOptions { SingleReader = true });
        List<BackfillJob> jobs = [.. requests.Select(request => Submit(request, abandoned.Token))];
        Task forwarding = Task.WhenAll(jobs.Select(job => ForwardAsync(job, all.Writer)))
            .ContinueWith(done => all.Writer.TryComplete(done.Exception), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
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

    private static Action<BackfillEvent>? LogTo(ILoggerFactory? loggerFactory) =>
        loggerFactory is null ? null : new BackfillLog(loggerFactory.CreateLogger<BackfillEngine>()).Write;

    private static async Task ForwardAsync(BackfillJob job, ChannelWriter<BackfillResult> all)
    {
        await foreach (BackfillResult result in job.ReadResultsAsync())
        {
            all.TryWrite(result);
        }
    }

    private async Task RunAsync(BackfillJob job, Task previous, CancellationToken cancellationToken)
    {
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

            await new StreamBackfill(job.Request, _options, _retries, _requestSlots, _budget, _timeProvider, _raise, job.Add).RunAsync(cancellationToken);
        }
        finally
        {
            if (holdsSlot)
            {
                _streamSlots.Release();
            }

            job.Complete();
            lock (_lastOfStream)
            {
                _outstanding.Remove(job);
                (IHistoryStore, StreamKey) key = (job.Request.Store, job.Request.Stream);
                if (_lastOfStream.TryGetValue(key, out Task? last) && last == job.Completion)
                {
                    _lastOfStream.Remove(key);
                }
            }
        }
    }
}
