using System.Net.WebSockets;
using System.Text.Json.Nodes;
using Qmtl.Gateway.Activation;
using Qmtl.Gateway.Watching;
using Qmtl.Simulation.Gateway;

namespace Qmtl.Unit.Gateway;

public sealed class ActivationWatcherTests : ActivationWatcherTestBase
{
    protected override ActivationWatcherOptions WatcherOptions => new() { LongestMessage = 2000 };

    [Fact]
    public async Task The_gateway_is_asked_once_at_the_start_and_then_followed()
    {
        Gateway.SetActivation(World, new SimulatedActivation("long", Active: true) { Weight = 0.5 });
        Gateway.Faults[GatewayRoute.Subscribe].Rule = _ => GatewayFault.Stall;

        await Watcher.StartAsync();

        Assert.Equal((true, 0.5, false), (Gate.IsAllowed(ActivationSide.Long), Gate.GetWeight(ActivationSide.Long), Gate.IsAllowed(ActivationSide.Short)));
        Assert.Equal(
            [$"/worlds/{World}/activation?strategy_id={Strategy}&side=long", $"/worlds/{World}/activation?strategy_id={Strategy}&side=short"],
            Gateway.GetRequests(GatewayRoute.Activation).Select(request => request.Target));
    }

    [Fact]
    public async Task Events_open_and_close_the_gate()
    {
        await OpenAsync();
        Assert.Equal((1.0, 1.0), (Gate.GetWeight(ActivationSide.Long), Gate.GetWeight(ActivationSide.Short)));

        await Gateway.ActivateAsync(World, new SimulatedActivation("short", Active: true) { Weight = 0.25 });
        await AllowedAsync(ActivationSide.Short, 0.25);
        await Gateway.ActivateAsync(World, new SimulatedActivation("long", Active: true) { Freeze = true });
        await ClosedAsync(ActivationSide.Long, "frozen");

        Assert.Equal((0.0, 0.0), (Gate.GetWeight(ActivationSide.Long), Gate.GetWeight(ActivationSide.Short)));
    }

    [Fact]
    public async Task The_websocket_gets_the_token_as_bearer_and_a_path_where_its_address_has_none()
    {
        Gateway.StreamUrl = $"ws://{Gateway.BaseUri.Authority}";
        await ConnectAsync();

        SimulatedGatewayRequest handshake = Assert.Single(Gateway.GetRequests(GatewayRoute.Stream));
        Assert.Equal(("/ws", "Bearer token-1"), (handshake.Target, handshake.Authorization));
        Assert.Equal($"ws://{Gateway.BaseUri.Authority}", Events.All<Connected>()[0].Server);
    }

    [Fact]
    public async Task The_gateway_is_asked_again_at_every_interval()
    {
        await ConnectAsync();

        foreach (double weight in new[] { 0.25, 0.5, 0.75 })
        {
            Gateway.SetActivation(World, new SimulatedActivation("all", Active: true) { Weight = weight });
            Clock.Advance(TimeSpan.FromSeconds(15));
            await AllowedAsync(ActivationSide.Short, weight);
        }

        Assert.Single(Gateway.GetRequests(GatewayRoute.Stream));
    }

    [Fact]
    public async Task An_event_may_be_named_type_and_hold_its_payload_itself()
    {
        await ConnectAsync();

        await Gateway.SendAsync("""{"type":"activation_updated","version":1,"side":"long","active":true,"weight":0.5}""");

        await AllowedAsync(ActivationSide.Long, 0.5);
    }

    [Fact]
    public async Task An_event_may_come_in_pieces_up_to_its_longest()
    {
        await ConnectAsync();
        string text = """{"type":"activation_updated","version":1,"side":"long","active":true,"filling":""";

        await Gateway.SendAsync($"{text}\"{new string('x', 2000 - text.Length - 3)}\"}}");

        await AllowedAsync(ActivationSide.Long);
    }

    [Theory]
    [InlineData("queue_created")]
    [InlineData("queue_update")]
    public async Task Queue_events_are_told(string name)
    {
        await ConnectAsync();

        await Gateway.PublishAsync(name, new JsonObject { ["version"] = 1, ["queues"] = new JsonArray("q1") });

        QueueUpdated told = await Events.WaitAsync<QueueUpdated>();
        Assert.Equal((name, "q1"), (told.Name, told.Data.GetProperty("queues")[0].GetString()));
    }

    [Fact]
    public async Task Sentinel_weights_are_told()
    {
        await ConnectAsync();

        await Gateway.PublishAsync("sentinel_weight", new JsonObject { ["version"] = 1, ["sentinel_id"] = "s-1", ["weight"] = 0.1 });

        SentinelWeight told = await Events.WaitAsync<SentinelWeight>();
        Assert.Equal(("s-1", 0.1), (told.SentinelId, told.Weight));
    }

    [Theory]
    [InlineData("""{"event":"queue_update","data":{"version":2}}""", "'queue_update' has not version 1")]
    [InlineData("""{"event":"heartbeat","data":{"version":1}}""", "'heartbeat' is not known")]
    [InlineData("""{"data":{"version":1}}""", "'without name' is not known")]
    [InlineData("""{"event":1,"data":{"version":1}}""", "with a number as 'event'")]
    [InlineData("""{"event":"activation_updated","data":[1]}""", "with a list instead of an object")]
    [InlineData("[]", "with a list instead of an object")]
    [InlineData("not json", "with no JSON")]
    [InlineData("", "with no JSON")]
    public async Task What_is_not_understood_is_ignored_with_a_warning_and_changes_nothing(string text, string warning)
    {
        await OpenAsync();

        await Gateway.SendAsync(text);

        await Events.WaitAsync<MessageIgnored>(ignored => ignored.Reason.Contains(warning, StringComparison.Ordinal));
        Assert.Equal((true, true), (Gate.IsAllowed(ActivationSide.Long), Gate.IsAllowed(ActivationSide.Short)));
        await Gateway.ActivateAsync(World, new SimulatedActivation("long", Active: true) { Weight = 0.5 });
        await AllowedAsync(ActivationSide.Long, 0.5);
    }

    [Theory]
    [InlineData("\"side\":\"long\",\"active\":false")]
    [InlineData("\"version\":7,\"side\":\"long\",\"active\":false")]
    [InlineData("\"version\":1,\"side\":\"long\"")]
    [InlineData("\"version\":1,\"active\":false")]
    public async Task An_activation_that_does_not_say_all_or_counts_its_versions_is_a_reason_to_ask(string fields)
    {
        await OpenAsync();
        Gateway.SetActivation(World, new SimulatedActivation("all", Active: true) { Weight = 0.75 });

        await Gateway.SendAsync($$"""{"type":"activation_updated","data":{ {{fields}} } }""");

        await AllowedAsync(ActivationSide.Long, 0.75);
        await AllowedAsync(ActivationSide.Short, 0.75);
        Assert.DoesNotContain(Events.All<ActivationChanged>(), change => change.Activation.Document is { Active: false });
        Assert.Empty(Events.All<MessageIgnored>());
    }

    [Theory]
    [InlineData("\"version\":7,\"side\":\"long\",\"freeze\":true", "frozen")]
    [InlineData("\"side\":\"long\",\"active\":true,\"drain\":true", "draining")]
    public async Task A_freeze_in_such_an_event_holds_until_the_gateway_says_something_new(string fields, string reason)
    {
        await ConnectAsync();
        var before = new SimulatedActivation("all", Active: true) { Timestamp = Clock.GetUtcNow(), ETag = "a" };
        await Gateway.ActivateAsync(World, before);
        await AllowedAsync(ActivationSide.Short);
        int asked = Count(GatewayRoute.Activation);

        // The gateway still answers what it knew.
        await Gateway.SendAsync($$"""{"type":"activation_updated","data":{ {{fields}} } }""");
        await ClosedAsync(ActivationSide.Long, reason);
        await Gateway.WaitForRequestsAsync(GatewayRoute.Activation, asked + 2).WaitAsync(Patience);
        Gateway.SetActivation(World, before with { Weight = 0.25, ETag = "b" });
        Assert.False(Gate.IsAllowed(ActivationSide.Long));
        Clock.Advance(TimeSpan.FromSeconds(15));

        await AllowedAsync(ActivationSide.Long, 0.25);
        Assert.Single(Events.All<ActivationChanged>(), change => change.Activation is { Side: ActivationSide.Long, Allowed: true, Weight: 1 });
    }

    [Theory]
    [InlineData("world_id")]
    [InlineData("strategy_id")]
    public async Task What_is_about_another_world_or_strategy_is_none_of_ours(string field)
    {
        await OpenAsync();

        await Gateway.SendAsync($$"""{"type":"activation_updated","data":{"version":1,"{{field}}":"other","side":"all","active":false,"freeze":true} }""");
        await Gateway.ActivateAsync(World, new SimulatedActivation("long", Active: true) { Weight = 0.5 });

        await AllowedAsync(ActivationSide.Long, 0.5);
        Assert.Empty(Events.All<MessageIgnored>());
        Assert.True(Gate.IsAllowed(ActivationSide.Short));
    }

    [Theory]
    [InlineData(2001)]
    [InlineData(100_000)]
    public async Task An_event_that_is_too_long_is_skipped_to_its_end(int length)
    {
        await OpenAsync();

        await Gateway.SendAsync(new string('x', length));

        await Events.WaitAsync<MessageIgnored>(ignored => ignored.Reason.Contains("of more than 2000 bytes", StringComparison.Ordinal));
        await Gateway.ActivateAsync(World, new SimulatedActivation("long", Active: true) { Weight = 0.5 });
        await AllowedAsync(ActivationSide.Long, 0.5);
        Assert.Single(Gateway.GetRequests(GatewayRoute.Stream));
    }

    [Fact]
    public async Task An_event_that_is_no_text_is_ignored()
    {
        await ConnectAsync();

        await Gateway.SendAsync("{}"u8.ToArray(), WebSocketMessageType.Binary);

        await Events.WaitAsync<MessageIgnored>(ignored => ignored.Reason.Contains("that is no text", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(""" "side":"long","active":true,"weight":50 """, false, true)]
    [InlineData(""" "side":"long","active":true,"freeze":"no" """, false, true)]
    [InlineData(""" "side":"both","active":true """, false, false)]
    public async Task An_activation_that_cannot_be_read_closes_what_it_is_about_until_the_gateway_is_asked(string fields, bool longAllowed, bool shortAllowed)
    {
        await OpenAsync();
        var release = new TaskCompletionSource();
        Gateway.Faults[GatewayRoute.Activation].Enqueue(GatewayFault.Late(release.Task));

        await Gateway.SendAsync($$"""{"event":"activation_updated","data":{"version":1,{{fields}} } }""");
        await Events.WaitAsync<MessageIgnored>(ignored => ignored.Reason.Contains("until the gateway can be understood", StringComparison.Ordinal));

        Assert.Equal((longAllowed, shortAllowed), (Gate.IsAllowed(ActivationSide.Long), Gate.IsAllowed(ActivationSide.Short)));
        release.SetResult();
        await Events.WaitAsync<ActivationChanged>(change => change.Activation is { Side: ActivationSide.Long, Allowed: true }, number: 3);
    }

    [Fact]
    public async Task An_older_event_does_not_open_the_gate_again()
    {
        await ConnectAsync();
        await Gateway.ActivateAsync(World, new SimulatedActivation("all", Active: true) { Timestamp = Clock.GetUtcNow(), Freeze = true });
        await ClosedAsync(ActivationSide.Long, "frozen");

        await Gateway.TellAsync(World, new SimulatedActivation("long", Active: true) { Timestamp = Clock.GetUtcNow().AddMilliseconds(-1) });

        await Events.WaitAsync<MessageIgnored>(ignored => ignored.Reason.Contains("activation of 2025-09-01T09:59:59.999Z is older", StringComparison.Ordinal));
        Assert.False(Gate.IsAllowed(ActivationSide.Long));
    }

    [Fact]
    public async Task An_older_order_to_stop_counts_until_the_gateway_is_asked()
    {
        await ConnectAsync();
        await Gateway.ActivateAsync(World, new SimulatedActivation("long", Active: true) { Timestamp = Clock.GetUtcNow() });
        await AllowedAsync(ActivationSide.Long);

        await Gateway.TellAsync(World, new SimulatedActivation("long", Active: false) { Timestamp = Clock.GetUtcNow().AddSeconds(-1) });

        await Events.WaitAsync<ActivationChanged>(change => change.Activation is { Side: ActivationSide.Long, Allowed: true }, number: 3);
        Assert.Contains(Events.All<ActivationChanged>(), change => change.Activation is { Side: ActivationSide.Long, Allowed: false, Document.Active: false });
    }

    [Fact]
    public async Task An_answer_that_an_event_overtook_does_not_open_the_gate()
    {
        await ConnectAsync();
        await Gateway.ActivateAsync(World, new SimulatedActivation("all", Active: false));
        await ClosedAsync(ActivationSide.Short, "not active");
        var release = new TaskCompletionSource();
        Gateway.Faults[GatewayRoute.Activation].Enqueue(GatewayFault.Late(release.Task));
        Gateway.SetActivation(World, new SimulatedActivation("all", Active: true));
        int asked = Count(GatewayRoute.Activation);
        Clock.Advance(TimeSpan.FromSeconds(15));
        await Gateway.WaitForRequestsAsync(GatewayRoute.Activation, asked + 1).WaitAsync(Patience);

        await Gateway.ActivateAsync(World, new SimulatedActivation("all", Active: true) { Drain = true });
        await ClosedAsync(ActivationSide.Long, "draining");
        release.SetResult();

        await Events.WaitAsync<MessageIgnored>(ignored => ignored.Reason.Contains("answer about the Long side is older", StringComparison.Ordinal));
        Assert.False(Gate.IsAllowed(ActivationSide.Long));
        Assert.Single(Events.All<ActivationChanged>(), change => change.Activation is { Side: ActivationSide.Long, Allowed: true });
    }

    [Fact]
    public async Task When_the_watcher_is_disposed_the_gate_closes_and_the_connection_ends()
    {
        await OpenAsync();

        await Watcher.DisposeAsync();
        await Watcher.DisposeAsync();

        Assert.Equal("the gateway is not watched any more", Gate[ActivationSide.Long].Reason);
        Assert.Equal((false, false), (Gate.IsAllowed(ActivationSide.Long), Gate.IsAllowed(ActivationSide.Short)));
        Assert.True(Watcher.Completion.IsCompletedSuccessfully);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Watcher.StartAsync());
    }

    [Fact]
    public async Task A_watcher_can_be_disposed_while_it_asks_for_the_first_time()
    {
        Gateway.Faults[GatewayRoute.Activation].Enqueue(GatewayFault.Stall);
        Task start = Watcher.StartAsync();
        await Gateway.WaitForRequestsAsync(GatewayRoute.Activation, 1);

        await Watcher.DisposeAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => start.WaitAsync(Patience));
    }

    [Fact]
    public async Task A_watcher_starts_once()
    {
        await Watcher.StartAsync();

        await Assert.ThrowsAsync<InvalidOperationException>(() => Watcher.StartAsync());
    }

    [Fact]
    public async Task An_observer_that_throws_ends_the_watcher_with_the_gate_closed()
    {
        Gateway.SetActivation(World, new SimulatedActivation("all", Active: true));
        await using var watcher = new ActivationWatcher(
            Client, World, Strategy, timeProvider: Clock, onEvent: told => _ = told is Connected ? throw new InvalidTimeZoneException() : 0);
        await watcher.StartAsync();

        await Assert.ThrowsAsync<InvalidTimeZoneException>(() => watcher.Completion.WaitAsync(Patience));
        Assert.False(watcher.Gate.IsAllowed(ActivationSide.Long));
    }

    [Fact]
    public void Options_outside_their_limits_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Create(new() { PollInterval = TimeSpan.Zero }));
        Assert.Throws<ArgumentOutOfRangeException>(() => Create(new() { LongestSilence = TimeSpan.FromDays(2) }));
        Assert.Throws<ArgumentOutOfRangeException>(() => Create(new() { LongestReconnectDelay = TimeSpan.FromMilliseconds(1) }));
        Assert.Throws<ArgumentOutOfRangeException>(() => Create(new() { LongestMessage = 0 }));

        ActivationWatcher Create(ActivationWatcherOptions options) => new(Client, World, Strategy, options: options);
    }
}
