using System.Net.WebSockets;
using Qmtl.Gateway;
using Qmtl.Gateway.Activation;
using Qmtl.Gateway.Watching;
using Qmtl.Simulation.Gateway;

namespace Qmtl.Unit.Gateway;

/// <summary>What happens to a watcher whose gateway does not behave.</summary>
public sealed class ActivationWatcherWeatherTests : ActivationWatcherTestBase
{
    protected override SimulatedGatewayOptions Behave(SimulatedGatewayOptions options) => options with { TokenLifetime = TimeSpan.FromMinutes(20) };

    [Fact]
    public async Task A_dropped_connection_is_connected_again_after_a_second_and_the_gateway_is_asked()
    {
        await OpenAsync();

        Gateway.DropConnections();
        Disconnected told = await Events.WaitAsync<Disconnected>();
        Assert.Equal(TimeSpan.FromSeconds(1), told.RetryDelay);
        Assert.Contains($"The connection to ws://{Gateway.BaseUri.Authority} broke", told.Reason, StringComparison.Ordinal);
        Gateway.SetActivation(World, new SimulatedActivation("long", Active: true) { Weight = 0.5 });
        Clock.Advance(TimeSpan.FromSeconds(1));

        await Events.WaitAsync<Connected>(number: 2);
        await AllowedAsync(ActivationSide.Long, 0.5);
        Assert.Single(Gateway.GetRequests(GatewayRoute.Subscribe));
        Assert.Equal(["Bearer token-1", "Bearer token-1"], Gateway.GetRequests(GatewayRoute.Stream).Select(request => request.Authorization));
    }

    [Fact]
    public async Task Attempts_to_connect_wait_one_second_doubling_to_eight_and_one_again_after_success()
    {
        Gateway.Faults[GatewayRoute.Stream].Enqueue(GatewayFault.Status(503), times: 6);
        await Watcher.StartAsync();

        foreach ((int attempt, int seconds) in new[] { (1, 1), (2, 2), (3, 4), (4, 8), (5, 8), (6, 8) })
        {
            Disconnected told = await Events.WaitAsync<Disconnected>(number: attempt);
            Assert.Equal((TimeSpan.FromSeconds(seconds), $"ws://{Gateway.BaseUri.Authority} answered 503, asked for a WebSocket."), (told.RetryDelay, told.Reason));
            Assert.Equal(attempt, Count(GatewayRoute.Stream));
            Clock.Advance(told.RetryDelay);
        }

        await Events.WaitAsync<Connected>();
        Gateway.DropConnections();
        Assert.Equal(TimeSpan.FromSeconds(1), (await Events.WaitAsync<Disconnected>(number: 7)).RetryDelay);
    }

    [Fact]
    public async Task Servers_that_stay_away_are_asked_for_anew()
    {
        Gateway.StreamUrl = "ws://127.0.0.1:1/gone";
        await Watcher.StartAsync();
        for (int attempt = 1; attempt <= 3; attempt++)
        {
            Clock.Advance((await Events.WaitAsync<Disconnected>(number: attempt)).RetryDelay);
        }

        Gateway.StreamUrl = Gateway.BaseUri.AbsoluteUri;
        Clock.Advance((await Events.WaitAsync<Disconnected>(number: 4)).RetryDelay);

        await Events.WaitAsync<Connected>();
        Assert.Equal(2, Count(GatewayRoute.Subscribe));
    }

    [Fact]
    public async Task The_fallback_is_tried_where_the_stream_cannot_be_reached()
    {
        Gateway.StreamUrl = "ws://127.0.0.1:1/gone";
        Gateway.FallbackUrl = Gateway.BaseUri.AbsoluteUri;

        await OpenAsync();

        Assert.Empty(Events.All<Disconnected>());
        Assert.Equal("/ws", Gateway.GetRequests(GatewayRoute.Stream)[0].Target);
    }

    [Fact]
    public async Task A_name_that_only_the_gateway_knows_leads_to_the_gateway_itself_with_the_same_token()
    {
        Gateway.StreamUrl = "ws://gateway.invalid/ws/evt";

        await OpenAsync();

        Assert.Empty(Events.All<Disconnected>());
        Assert.Equal(("/ws/evt", "Bearer token-1"), Gateway.GetRequests(GatewayRoute.Stream).Select(request => (request.Target, request.Authorization)).Single());
    }

    [Fact]
    public async Task Where_neither_can_be_reached_both_are_told()
    {
        Gateway.StreamUrl = "ws://127.0.0.1:1/gone?token=secret";
        Gateway.FallbackUrl = $"{Gateway.BaseUri}ws?token=secret";
        Gateway.Faults[GatewayRoute.Stream].Enqueue(GatewayFault.Status(500));

        await Watcher.StartAsync();

        string reason = (await Events.WaitAsync<Disconnected>()).Reason;
        Assert.StartsWith("ws://127.0.0.1:1 could not be reached (Connection refused", reason, StringComparison.Ordinal);
        Assert.EndsWith($"ws://{Gateway.BaseUri.Authority} answered 500, asked for a WebSocket.", reason, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_that_expires_is_renewed()
    {
        await OpenAsync();

        Clock.Advance(TimeSpan.FromMinutes(20));
        Assert.Equal($"The token for ws://{Gateway.BaseUri.Authority} has expired.", (await Events.WaitAsync<Disconnected>()).Reason);
        Clock.Advance(TimeSpan.FromSeconds(1));
        await Events.WaitAsync<Connected>(number: 2);

        Assert.Equal(["Bearer token-1", "Bearer token-2"], Gateway.GetRequests(GatewayRoute.Stream).Select(request => request.Authorization));
    }

    [Theory]
    [InlineData(401)]
    [InlineData(403)]
    public async Task A_token_that_is_refused_is_renewed(int status)
    {
        await OpenAsync();
        Gateway.Faults[GatewayRoute.Stream].Enqueue(GatewayFault.Status(status));

        Gateway.DropConnections();
        Clock.Advance((await Events.WaitAsync<Disconnected>()).RetryDelay);
        Disconnected refused = await Events.WaitAsync<Disconnected>(number: 2);
        Assert.Contains($"answered {status}", refused.Reason, StringComparison.Ordinal);
        Clock.Advance(refused.RetryDelay);
        await Events.WaitAsync<Connected>(number: 2);

        Assert.Equal(["Bearer token-1", "Bearer token-1", "Bearer token-2"], Gateway.GetRequests(GatewayRoute.Stream).Select(request => request.Authorization));
    }

    [Fact]
    public async Task A_gateway_that_has_forgotten_its_tokens_gives_another()
    {
        await OpenAsync();

        Gateway.ExpireTokens();
        Gateway.DropConnections();
        Clock.Advance((await Events.WaitAsync<Disconnected>()).RetryDelay);
        Clock.Advance((await Events.WaitAsync<Disconnected>(number: 2)).RetryDelay);

        await Events.WaitAsync<Connected>(number: 2);
        Assert.Equal(2, Count(GatewayRoute.Subscribe));
    }

    [Theory]
    [InlineData(1000, 1)]
    [InlineData(1001, 1)]
    [InlineData(1008, 2)]
    [InlineData(4401, 2)]
    [InlineData(4403, 2)]
    public async Task A_connection_that_the_server_closes_is_connected_again_with_another_token_where_it_refuses_this_one(int status, int subscriptions)
    {
        await OpenAsync();

        await Gateway.CloseConnectionsAsync((WebSocketCloseStatus)status, "because of token-1");
        Disconnected told = await Events.WaitAsync<Disconnected>();
        Assert.Equal($"ws://{Gateway.BaseUri.Authority} closed the connection with {status} (because of ***).", told.Reason);
        Clock.Advance(told.RetryDelay);
        await Events.WaitAsync<Connected>(number: 2);

        Assert.Equal(subscriptions, Count(GatewayRoute.Subscribe));
    }

    [Fact]
    public async Task A_subscription_that_fails_is_tried_again_and_told_in_the_gateway_s_words()
    {
        Gateway.Faults[GatewayRoute.Subscribe].Enqueue(GatewayFault.Status(500));
        Gateway.Faults[GatewayRoute.Subscribe].Enqueue(GatewayFault.Status(401));
        Gateway.Faults[GatewayRoute.Subscribe].Enqueue(GatewayFault.Html());
        Gateway.Faults[GatewayRoute.Subscribe].Enqueue(GatewayFault.HalfBody);
        await Watcher.StartAsync();

        foreach ((int attempt, string words) in new[] { (1, "answered 500 (simulated)"), (2, "answered 401 (simulated)"), (3, "answered 200 with no JSON"), (4, "broke off") })
        {
            Disconnected told = await Events.WaitAsync<Disconnected>(number: attempt);
            Assert.Contains(words, told.Reason, StringComparison.Ordinal);
            Clock.Advance(told.RetryDelay);
        }

        await Events.WaitAsync<Connected>();
    }

    [Fact]
    public async Task Without_any_word_from_the_gateway_the_gate_closes()
    {
        await OpenAsync();
        BreakEverything();

        Gateway.DropConnections();
        await Events.WaitAsync<Disconnected>();
        Clock.Advance(TimeSpan.FromSeconds(60) - TimeSpan.FromTicks(1));
        Assert.Equal((true, true), (Gate.IsAllowed(ActivationSide.Long), Gate.IsAllowed(ActivationSide.Short)));
        Clock.Advance(TimeSpan.FromTicks(1));

        Assert.Equal((0.0, "no word from the gateway for 60 s"), (Gate.GetWeight(ActivationSide.Long), Gate[ActivationSide.Long].Reason));
        Assert.Equal((0.0, "no word from the gateway for 60 s"), (Gate.GetWeight(ActivationSide.Short), Gate[ActivationSide.Short].Reason));
        await Events.WaitAsync<ActivationNotAnswered>(failed => failed.Side == ActivationSide.Short);
    }

    [Fact]
    public async Task An_answer_opens_a_gate_that_silence_has_closed()
    {
        await OpenAsync();
        BreakEverything();
        Gateway.DropConnections();
        await Events.WaitAsync<Disconnected>();
        Clock.Advance(TimeSpan.FromSeconds(60));
        Assert.False(Gate.IsAllowed(ActivationSide.Long));
        await Events.WaitAsync<ActivationNotAnswered>(failed => failed.Side == ActivationSide.Short);

        Gateway.Faults[GatewayRoute.Activation].Clear();
        Clock.Advance(TimeSpan.FromSeconds(15));

        await Events.WaitAsync<ActivationChanged>(change => change.Activation is { Side: ActivationSide.Long, Allowed: true, Weight: 1 }, number: 2);
        await Events.WaitAsync<ActivationChanged>(change => change.Activation is { Side: ActivationSide.Short, Allowed: true, Weight: 1 }, number: 2);
    }

    [Fact]
    public async Task Answers_keep_the_gate_open_while_events_cannot_be_followed()
    {
        await OpenAsync();
        Gateway.Faults[GatewayRoute.Stream].Rule = _ => GatewayFault.Status(503);
        Gateway.DropConnections();
        await Events.WaitAsync<Disconnected>();

        for (int i = 1; i <= 10; i++)
        {
            double weight = 1 - (i / 100.0);
            Gateway.SetActivation(World, new SimulatedActivation("all", Active: true) { Weight = weight });
            Clock.Advance(TimeSpan.FromSeconds(15));
            await AllowedAsync(ActivationSide.Short, weight);
            Assert.True(Gate.IsAllowed(ActivationSide.Long));
        }
    }

    [Fact]
    public async Task Each_side_needs_a_word_of_its_own()
    {
        await OpenAsync();
        Gateway.Faults[GatewayRoute.Stream].Rule = _ => GatewayFault.Status(503);
        Gateway.Faults[GatewayRoute.Activation].Rule = request => request.Target.EndsWith("long", StringComparison.Ordinal) ? GatewayFault.Status(500) : null;
        Gateway.DropConnections();
        await Events.WaitAsync<Disconnected>();

        for (int i = 1; i <= 4; i++)
        {
            double weight = 1 - (i / 100.0);
            Gateway.SetActivation(World, new SimulatedActivation("all", Active: true) { Weight = weight });
            Clock.Advance(TimeSpan.FromSeconds(15));
            await AllowedAsync(ActivationSide.Short, weight);
        }

        Assert.Equal((false, true), (Gate.IsAllowed(ActivationSide.Long), Gate.IsAllowed(ActivationSide.Short)));
    }

    [Fact]
    public async Task A_connection_that_stands_keeps_the_gate_open_whatever_questions_get()
    {
        await OpenAsync();
        Gateway.Faults[GatewayRoute.Activation].Rule = _ => GatewayFault.Status(500);

        for (int i = 1; i <= 10; i++)
        {
            Clock.Advance(TimeSpan.FromSeconds(60));
            await Events.WaitAsync<ActivationNotAnswered>(failed => failed.Side == ActivationSide.Short, number: i);
        }

        Assert.Equal((true, true), (Gate.IsAllowed(ActivationSide.Long), Gate.IsAllowed(ActivationSide.Short)));
        Assert.Empty(Events.All<Disconnected>());
    }

    [Fact]
    public async Task A_new_connection_alone_does_not_make_up_for_what_was_missed()
    {
        await OpenAsync();
        Gateway.Faults[GatewayRoute.Activation].Rule = _ => GatewayFault.Status(500);
        Gateway.DropConnections();
        await Events.WaitAsync<Disconnected>();
        Clock.Advance(TimeSpan.FromSeconds(1));
        await Events.WaitAsync<Connected>(number: 2);

        Clock.Advance(TimeSpan.FromSeconds(58));
        Assert.True(Gate.IsAllowed(ActivationSide.Long));
        Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.False(Gate.IsAllowed(ActivationSide.Long));

        await Gateway.TellAsync(World, new SimulatedActivation("long", Active: true) { Weight = 0.5 });
        await AllowedAsync(ActivationSide.Long, 0.5);
        Clock.Advance(TimeSpan.FromSeconds(60));
        Assert.True(Gate.IsAllowed(ActivationSide.Long));
    }

    [Fact]
    public async Task A_gateway_that_is_away_at_the_start_leaves_the_gate_closed_and_the_watcher_trying()
    {
        BreakEverything();

        await Watcher.StartAsync();

        Assert.Equal([ActivationSide.Long, ActivationSide.Short], Events.All<ActivationNotAnswered>().Take(2).Select(failed => failed.Side));
        Assert.Equal(GatewayErrorKind.Refused, Events.All<ActivationNotAnswered>()[0].Error.Kind);
        Assert.Equal((false, false), (Gate.IsAllowed(ActivationSide.Long), Gate.IsAllowed(ActivationSide.Short)));
        Gateway.Faults[GatewayRoute.Activation].Clear();
        Gateway.SetActivation(World, new SimulatedActivation("all", Active: true));
        await Events.WaitAsync<Disconnected>();
        Clock.Advance(TimeSpan.FromSeconds(15));
        await AllowedAsync(ActivationSide.Short);
    }

    [Fact]
    public async Task A_handshake_without_answer_is_given_up_after_the_time_out()
    {
        var client = new GatewayClient(Gateway.BaseUri, options: new() { RequestTimeout = TimeSpan.FromSeconds(5) }, timeProvider: Clock);
        await using var watcher = new ActivationWatcher(client, World, Strategy, timeProvider: Clock, onEvent: Events.Add);
        Gateway.Faults[GatewayRoute.Stream].Enqueue(GatewayFault.Stall);
        await watcher.StartAsync();
        await Gateway.WaitForRequestsAsync(GatewayRoute.Stream, 1);

        Clock.Advance(TimeSpan.FromSeconds(5));

        Disconnected told = await Events.WaitAsync<Disconnected>();
        Assert.Contains("did not answer in time", told.Reason, StringComparison.Ordinal);
        Clock.Advance(told.RetryDelay);
        await Events.WaitAsync<Connected>();
    }

    [Fact]
    public async Task A_connection_behind_which_nobody_answers_pings_is_given_up()
    {
        await using var dead = SimulatedGateway.Start(new() { TimeProvider = Clock, AnswersPings = false });
        var client = new GatewayClient(dead.BaseUri, timeProvider: Clock);
        await using var watcher = new ActivationWatcher(
            client, World, Strategy, options: new() { KeepAlive = TimeSpan.FromMilliseconds(50) }, timeProvider: Clock, onEvent: Events.Add);
        await watcher.StartAsync();

        Disconnected told = await Events.WaitAsync<Disconnected>();

        Assert.Contains("it does not answer pings", told.Reason, StringComparison.Ordinal);
        Assert.Single(Events.All<Connected>());
    }

    private void BreakEverything()
    {
        foreach (GatewayRoute route in Enum.GetValues<GatewayRoute>())
        {
            Gateway.Faults[route].Rule = _ => GatewayFault.Status(503);
        }
    }
}
