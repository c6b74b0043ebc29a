using Qmtl.Gateway.Activation;

namespace Qmtl.Gateway.Watching;

/// <summary>Follows the gateway's events: subscribes, connects, receives, and after every end begins again.</summary>
internal sealed class EventStream(
    WatchedStrategy strategy, ActivationWatcherOptions options, SilenceGuard guard, ActivationPoller poller, EventMessages messages)
{
    // Timers do not run for longer than 49 days.
    private static readonly TimeSpan LongestConnection = TimeSpan.FromDays(30);

    private ActivationSubscription? _subscription;
    private TimeSpan _delay = options.ReconnectDelay;

    /// <summary>Follows the events until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            string reason = await FollowAsync(cancellationToken);
            TimeSpan delay = _delay;
            _delay = TimeSpan.FromTicks(Math.Min(_delay.Ticks * 2, options.LongestReconnectDelay.Ticks));

            // The wait begins before it is told of, so that whoever is told may turn the clock.
            Task wait = Task.Delay(delay, strategy.Clock, cancellationToken);
            strategy.Raise(new Disconnected(reason, delay));
            await wait;
        }
    }

    /// <summary>Follows the events over one connection.</summary>
    /// <returns>Why it ended.</returns>
    private async Task<string> FollowAsync(CancellationToken cancellationToken)
    {
        bool connected = false;
        try
        {
            _subscription ??= await strategy.Client.SubscribeAsync(strategy.WorldId, strategy.StrategyId, cancellationToken);
            using EventConnection connection = await EventConnection.OpenAsync(
                strategy.Client, _subscription, options.KeepAlive, cancellationToken);
            connected = true;
            await ReceiveAsync(connection, _subscription, cancellationToken);
            return $"The token for {connection.Server} has expired.";
        }
        catch (GatewayException error)
        {
            return error.Message;
        }
        catch (EventConnectionException error)
        {
            // Servers that cannot be reached for as long as this may have moved; the gateway knows.
            bool lost = !connected && _delay >= options.LongestReconnectDelay;
            _subscription = error.TokenRefused || lost ? null : _subscription;
            return error.Message;
        }
        finally
        {
            guard.Disconnect();
            _subscription = _subscription?.ExpiresAt <= strategy.Clock.GetUtcNow() ? null : _subscription;
        }
    }

    /// <summary>Receives until the token expires.</summary>
    private async Task ReceiveAsync(EventConnection connection, ActivationSubscription subscription, CancellationToken cancellationToken)
    {
        _delay = options.ReconnectDelay;
        guard.Connect();

        // Events may have been missed.
        poller.AskSoon();

        // A server that goes on after the token has expired may have stopped sending, so the connection ends here. One whose token
        // was expired from the start goes by another clock, and will say so.
        TimeSpan left = subscription.ExpiresAt - strategy.Clock.GetUtcNow() ?? LongestConnection;
        left = left <= TimeSpan.Zero || left > LongestConnection ? LongestConnection : left;
        using var expiry = new CancellationTokenSource(left, strategy.Clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(expiry.Token, cancellationToken);
        strategy.Raise(new Connected(connection.Server));
        try
        {
            await connection.ReceiveAsync(options.LongestMessage, messages.Take, messages.Ignore, either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            _subscription = null;
        }
    }
}
