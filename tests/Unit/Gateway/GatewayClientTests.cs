using System.Text.Json.Nodes;
using Qmtl.Gateway;
using Qmtl.Gateway.Activation;
using Qmtl.Gateway.Submission;
using Qmtl.Simulation.Gateway;

namespace Qmtl.Unit.Gateway;

public sealed class GatewayClientTests : GatewayTestBase
{
    private const string Authorization = "Basic dXNlcjpwQHNz";

    protected override SimulatedGatewayOptions Behave(SimulatedGatewayOptions options) => options with
    {
        QueueMap = strategy => new JsonObject
        {
            [$"{strategy.NodeIds[0]}:60:0#ck=world-1"] = new JsonArray(new JsonObject { ["queue"] = "topic-a", ["global"] = true }, "topic-b"),
            ["other:60:0"] = "topic-c",
        },
        DowngradeReason = "no live data",
        SafeMode = true,
    };

    [Fact]
    public async Task A_submission_gives_what_the_gateway_made_of_it()
    {
        SubmissionResult result = await Client.SubmitAsync(new StrategySubmission(World, Nodes) { Meta = new JsonObject { ["owner"] = "ops" } });

        Assert.Equal(("strategy-1", "strategy-1-sentinel"), (result.StrategyId, result.SentinelId));
        Assert.Equal((true, "no live data", true), (result.Downgraded, result.DowngradeReason, result.SafeMode));
        Assert.True(result.NodeIdsConfirmed);
        Assert.Equal(["topic-a", "topic-b"], result.QueueMap.GetTopics("BTCUSDT:60"));
        Assert.Equal((true, false), (result.QueueMap.IsElsewhere("BTCUSDT:60"), result.QueueMap.IsElsewhere("mean")));
        Assert.Equal(["other:60:0"], result.QueueMap.UnknownKeys);
        SubmittedStrategy taken = Assert.Single(Gateway.Strategies);
        Assert.Equal((World, "{\"owner\":\"ops\"}"), (taken.WorldId, taken.MetaJson));
    }

    [Fact]
    public async Task Only_the_strategy_id_and_the_queue_map_are_counted_on()
    {
        Gateway.Faults[GatewayRoute.Strategies].Enqueue(GatewayFault.WithoutFields("sentinel_id", "node_ids_crc32", "downgraded", "downgrade_reason", "safe_mode"));

        SubmissionResult result = await Client.SubmitAsync(new StrategySubmission(World, Nodes));

        Assert.Equal(("strategy-1", null, null), (result.StrategyId, result.SentinelId, result.DowngradeReason));
        Assert.Equal((false, false, false), (result.Downgraded, result.SafeMode, result.NodeIdsConfirmed));
    }

    [Fact]
    public async Task An_activation_is_asked_for_with_escaped_ids()
    {
        const string world = "a/b c?ä";
        Gateway.SetActivation(world, new SimulatedActivation("short", Active: true) { Weight = 0.5, Timestamp = Clock.GetUtcNow(), ETag = "e" });

        ActivationDocument? document = await Client.GetActivationAsync(world, "s&1", ActivationSide.Short);

        Assert.Equal((ActivationSide.Short, true, 0.5, "e", Clock.GetUtcNow()), (document!.Side, document.Active, document.Weight, document.ETag, document.Timestamp));
        Assert.Equal("/worlds/a%2Fb%20c%3F%C3%A4/activation?strategy_id=s%261&side=short", Gateway.GetRequests(GatewayRoute.Activation)[0].Target);
    }

    [Fact]
    public async Task The_answer_may_leave_out_its_side()
    {
        Gateway.SetActivation(World, new SimulatedActivation("long", Active: true));
        Gateway.Faults[GatewayRoute.Activation].Enqueue(GatewayFault.WithoutFields("side"));

        Assert.Equal(ActivationSide.Long, (await Client.GetActivationAsync(World, "s", ActivationSide.Long))!.Side);
    }

    [Fact]
    public async Task A_subscription_names_the_stream_and_shows_no_token()
    {
        Gateway.FallbackUrl = "https://fallback/path";

        ActivationSubscription subscription = await Client.SubscribeAsync(World, "s");

        Assert.Equal(($"ws://{Gateway.BaseUri.Authority}/ws/evt", "wss://fallback/path", "token-1"), (subscription.StreamUri.AbsoluteUri, subscription.FallbackUri!.AbsoluteUri, subscription.Token));
        Assert.Equal(["activation"], subscription.Topics);
        Assert.Equal($"ws://{Gateway.BaseUri.Authority}/ws/evt", subscription.OwnUri.AbsoluteUri);
        Assert.Equal(Clock.GetUtcNow().AddHours(1), subscription.ExpiresAt);
        Assert.Equal($"ws://{Gateway.BaseUri.Authority} until 2025-09-01T11:00:00Z", subscription.ToString());
        Assert.DoesNotContain("token", string.Join(' ', typeof(ActivationSubscription).GetProperties().Select(property => property.Name)), StringComparison.OrdinalIgnoreCase);
        SimulatedGatewayRequest request = Assert.Single(Gateway.GetRequests(GatewayRoute.Subscribe));
        Assert.Equal("""{"topics":["activation"],"world_id":"world-1","strategy_id":"s"}""", request.Body);
    }

    [Fact]
    public async Task A_user_in_the_address_becomes_a_header_and_is_shown_nowhere()
    {
        await using var guarded = SimulatedGateway.Start(new() { RequiredAuthorization = Authorization, TimeProvider = Clock });
        var client = new GatewayClient(new Uri($"http://user:p%40ss@{guarded.BaseUri.Authority}"), timeProvider: Clock);

        await client.SubmitAsync(new StrategySubmission(World, Nodes));

        Assert.Equal(Authorization, guarded.GetRequests(GatewayRoute.Strategies)[0].Authorization);
        Assert.Equal($"The gateway http://{guarded.BaseUri.Authority} {guarded.BaseUri}", $"{client} {client.Gateway}");
        guarded.Faults[GatewayRoute.Strategies].Enqueue(GatewayFault.Status(401, """{"detail":"p@ss is not the password of user"}"""));
        GatewayException error = await FailAsync(() => client.SubmitAsync(new StrategySubmission(World, Nodes)));
        Assert.Equal((GatewayErrorKind.Unauthorized, 401), (error.Kind, error.Status));
        Assert.Contains("(*** is not the password of user)", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("p@ss", error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ftp://user:secret@host")]
    [InlineData("http://user:secret@host/?token=secret")]
    [InlineData("http://host/#secret")]
    [InlineData("secret/relative")]
    public void An_address_that_cannot_be_one_is_refused_without_being_repeated(string address)
    {
        string message = Assert.Throws<ArgumentException>(() => new GatewayClient(new Uri(address, UriKind.RelativeOrAbsolute))).Message;

        Assert.DoesNotContain("secret", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_path_in_the_address_comes_before_all_others()
    {
        var client = new GatewayClient(new Uri(Gateway.BaseUri, "worlds"), timeProvider: Clock);

        GatewayException error = await FailAsync(() => client.SubmitAsync(new StrategySubmission(World, Nodes)));

        Assert.Equal((GatewayErrorKind.Refused, 404), (error.Kind, error.Status));
        Assert.Empty(Gateway.GetRequests(GatewayRoute.Strategies));
    }

    [Fact]
    public async Task Ids_that_name_nothing_are_refused()
    {
        await Assert.ThrowsAsync<ArgumentException>(() => Client.GetActivationAsync(" ", "s", ActivationSide.Long));
        await Assert.ThrowsAsync<ArgumentException>(() => Client.GetActivationAsync("..", "s", ActivationSide.Long));
        await Assert.ThrowsAsync<ArgumentException>(() => Client.SubscribeAsync(World, ""));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Client.GetActivationAsync(World, "s", ActivationSide.All));
        Assert.Empty(Gateway.GetRequests(GatewayRoute.Activation));
    }

    [Fact]
    public void Options_outside_their_limits_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Create(new() { RequestTimeout = TimeSpan.Zero }));
        Assert.Throws<ArgumentOutOfRangeException>(() => Create(new() { FailuresToOpenCircuit = 1 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => Create(new() { CircuitBreak = TimeSpan.Zero }));
        Assert.Throws<ArgumentOutOfRangeException>(() => Create(new() { LongestAnswer = 0 }));

        GatewayClient Create(GatewayClientOptions options) => new(Gateway.BaseUri, options: options);
    }
}
