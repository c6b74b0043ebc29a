using Qmtl.Gateway.Activation;
using Qmtl.Gateway.Wire;

namespace Qmtl.Gateway.Watching;

/// <summary>
/// Keeps an <see cref="ActivationGate"/> at what the gateway says: asks once at the start and then at an interval, and follows the
/// gateway's events over a WebSocket, which it connects again whenever it breaks. When the watcher ends, the gate is closed.
/// </summary>
/// <remarks>
/// Nothing that the gateway does or says ends the watcher; it is told to <c>onEvent</c>, and the gate closes where that is the safe thing
/// to do.
/// </remarks>
public sealed class ActivationWatcher : IAsyncDisposable
{
    private readonly WatchedStrategy _strategy;
    private readonly ActivationWatcherOptions _options;
    private readonly SilenceGuard _guard;
    private readonly ActivationPoller _poller;
    private readonly EventStream _stream;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _lock = new();
    private bool _started;
    private bool _disposed;

    /// <summary>A watcher, not started yet.</summary>
    /// <param name="client">The gateway.</param>
    /// <param name="worldId">The world.</param>
    /// <param name="strategyId">The strategy, by the id that the gateway gave.</param>
    /// <param name="gate">The gate to keep; null for a new one. Nobody else may open it.</param>
    /// <param name="options">How it keeps itself informed; null for the defaults.</param>
    /// <param name="timeProvider">The clock of every delay; null for the system's.</param>
    /// <param name="onEvent">Told of everything that happens, from any thread; it must return quickly and not throw.</param>
    /// <exception cref="ArgumentException">An id is blank, or an option outside its limits.</exception>
    public ActivationWatcher(
        GatewayClient client,
        string worldId,
        string strategyId,
        ActivationGate? gate = null,
        ActivationWatcherOptions? options = null,
        TimeProvider? timeProvider = null,
        Action<GatewayEvent>? onEvent = null)
    {
        ArgumentNullException.ThrowIfNull(client);
        GatewayNames.RequireWorld(worldId);
        GatewayNames.RequireStrategy(strategyId);
        _options = options ?? new ActivationWatcherOptions();
        _options.Validate();
        _strategy = new WatchedStrategy(client, worldId, strategyId, timeProvider ?? TimeProvider.System, onEvent ?? (static _ => { }));
        Gate = gate ?? new ActivationGate();
        _guard = new SilenceGuard(Gate, _options.LongestSilence, _strategy.Clock);
        _poller = new ActivationPoller(_strategy, Gate, _guard);
        _stream = new EventStream(_strategy, _options, _guard, _poller, new EventMessages(_strategy, Gate, _guard, _poller));
        Gate.Changed += Tell;
    }

    /// <summary>What the strategy asks before it acts.</summary>
    public ActivationGate Gate { get; }

    /// <summary>
    /// Ends when the watcher does; with an error only where the watcher itself, or <c>onEvent</c>, has a bug. The gate is closed then.
    /// </summary>
    public Task Completion { get; private set; } = Task.CompletedTask;

    /// <summary>
    /// Asks about both sides, and begins to follow the gateway. A gateway that does not answer is no error: the gate stays closed until it
    /// does.
    /// </summary>
    /// <param name="cancellationToken">Ends the asking; the watcher itself is ended by disposing it.</param>
    /// <exception cref="InvalidOperationException">It was started before.</exception>
    /// <exception cref="ObjectDisposedException">It was disposed.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled. Nothing is followed; dispose the watcher.</exception>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_started)
            {
                throw new InvalidOperationException("The watcher was started before.");
            }

            _started = true;
        }

        using var either = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token, cancellationToken);
        await _poller.AskAsync(either.Token);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            Completion = RunAsync();
        }
    }

    /// <summary>Ends the watcher and closes the gate.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
        }

        await _stopping.CancelAsync();
        await Completion.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _guard.Dispose();
        Gate.Close(ActivationSide.All, "the gateway is not watched any more");
        Gate.Changed -= Tell;
        _stopping.Dispose();
    }

    private async Task RunAsync()
    {
        // The poller's timer runs from here on; what it does, it does on other threads.
        Task polling = _poller.RunAsync(_options.PollInterval, _stopping.Token);
        Task following = Task.Run(() => _stream.RunAsync(_stopping.Token), CancellationToken.None);
        Task first = await Task.WhenAny(polling, following);
        await _stopping.CancelAsync();
        await Task.WhenAll(polling, following).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Gate.Close(ActivationSide.All, "the gateway is not watched any more");
        if (first.IsFaulted)
        {
            await first;
        }
    }

    private void Tell(SideActivation activation) => _strategy.Raise(new ActivationChanged(activation));
}

/// <summary>What is watched, where, by which clock, and who is told.</summary>
internal sealed record WatchedStrategy(
    GatewayClient Client, string WorldId, string StrategyId, TimeProvider Clock, Action<GatewayEvent> Raise);
