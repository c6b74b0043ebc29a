using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;
using Qmtl.Gateway;
using Qmtl.Gateway.Activation;
using Qmtl.Gateway.Running;
using Qmtl.Gateway.Watching;
using Qmtl.Running;
using Qmtl.Simulation.Gateway;
using Qmtl.Strategies;
using Qmtl.Streams;
using Qmtl.Time;
using Qmtl.Unit.Fixtures;
using Qmtl.Unit.Running;
using Qmtl.Unit.Strategies;
using Qmtl.Unit.Streams;

namespace Qmtl.Unit.Gateway;

/// <summary>
/// Whole runs in the world of a gateway on loopback. The clock stands at minute 1,000, so bar 999 is the last that has closed; periods are
/// 3.
/// </summary>
public sealed partial class WorldRunnerTests
{
    private readonly FakeTimeProvider _clock = new(DateTimeOffset.FromUnixTimeSeconds(1000 * 60));
    private readonly SharedList<string> _results = new();
    private readonly SharedList<string> _warnings = new();
    private readonly SharedList<GatewayEvent> _events = new();

    [Fact]
    public async Task A_gateway_is_told_of_every_node_and_the_gate_follows_it_until_the_end()
    {
        await using SimulatedGateway gateway = SimulatedGateway.Start();
        gateway.SetActivation("world", new SimulatedActivation("long", Active: true) { Weight = 0.5 });
        Node sum = Graphs.Sum("sum", Stream("A"), Stream("B"));

        WorldRun run = await RunAsync(gateway, new NodeStrategy("two", sum));

        SubmittedStrategy submitted = Assert.Single(gateway.Strategies);
        Assert.Equal(("world", run.Submission!.StrategyId), (submitted.WorldId, submitted.StrategyId));
        Assert.Equal(["A", "B", "sum"], NamesIn(submitted));
        JsonElement node = JsonDocument.Parse(submitted.DagJson).RootElement.GetProperty("nodes")[2];
        Assert.Equal(submitted.NodeIds.Take(2), node.GetProperty("inputs").EnumerateArray().Select(input => input.GetString()));
        Assert.Equal("""{"execution_domain":"backtest","as_of":"1970-01-01T16:40:00Z"}""", submitted.MetaJson);
        Assert.Equal(("ComputeNode", "sum", 60), (node.GetProperty("node_type").GetString(), node.GetProperty("name").GetString(), node.GetProperty("interval").GetInt32()));
        Assert.Equal(5, _results.Count);
        ActivationGate gate = run.Gate!;
        Assert.Equal((0.5, 0.0), (gate.GetWeight(ActivationSide.Long), gate.GetWeight(ActivationSide.Short)));

        await run.DisposeAsync();
        Assert.False(gate.IsAllowed(ActivationSide.Long));
    }

    [Fact]
    public async Task A_node_in_the_queue_map_is_not_computed_here()
    {
        await using SimulatedGateway gateway = SimulatedGateway.Start(new SimulatedGatewayOptions { QueueMap = strategy => new JsonObject { [strategy.NodeIds[1]] = "topic" } });
        Node elsewhere = Graphs.Sum("elsewhere", Stream("A"));
        StreamInput b = Stream("B");
        Node here = Graphs.Sum("here", b);

        await using WorldRun run = await RunAsync(gateway, new NodeStrategy("two", elsewhere, here));

        Assert.Equal(["A", "elsewhere", "B", "here"], NamesIn(gateway.Strategies[0]));
        Assert.Equal((false, true), (elsewhere.Executes, here.Executes));
        Assert.Equal(["here@997=997", "here@998=998", "here@999=999"], _results.Where(line => line.StartsWith("here", StringComparison.Ordinal)));
        Assert.DoesNotContain(_results, line => line.StartsWith("elsewhere", StringComparison.Ordinal));
        Assert.Equal(["topic"], run.Submission!.QueueMap.GetTopics(elsewhere.Key.ToString()));
        Assert.Empty(_warnings);

        await run.DisposeAsync();
        Assert.True(elsewhere.Executes);
    }

    [Fact]
    public async Task What_computes_from_a_node_elsewhere_is_left_out_with_a_warning_that_names_both()
    {
        await using SimulatedGateway gateway = SimulatedGateway.Start(new SimulatedGatewayOptions { QueueMap = strategy => new JsonObject { [strategy.NodeIds[1]] = "topic" } });
        StreamInput a = Stream("A");
        Node elsewhere = Graphs.Sum("elsewhere", a);
        Node from = Graphs.Sum("from", elsewhere);
        Node further = Graphs.Sum("further", from);

        await using WorldRun run = await RunAsync(gateway, new NodeStrategy("many", further, Graphs.Sum("here", a)));

        Assert.Equal(["here@997=997", "here@998=998", "here@999=999"], _results);
        Assert.Equal(2, _warnings.Count);
        Assert.Contains("'from' computes from 'elsewhere'", _warnings[0], StringComparison.Ordinal);
        Assert.Contains("'further' computes from 'from'", _warnings[1], StringComparison.Ordinal);
        await run.DisposeAsync();
        Assert.All([elsewhere, from, further], node => Assert.True(node.Executes));
    }

    [Fact]
    public async Task Where_every_node_needs_one_elsewhere_there_is_nothing_to_run()
    {
        await using SimulatedGateway gateway = SimulatedGateway.Start(new SimulatedGatewayOptions { QueueMap = strategy => new JsonObject { [strategy.NodeIds[1]] = "topic" } });

        await using WorldRun run = await RunAsync(gateway, new NodeStrategy("two", Graphs.Sum("from", Graphs.Sum("elsewhere", Stream("A")))));

        Assert.True(run.IsComputedElsewhere);
        Assert.Empty(_results);
        Assert.Contains("nothing to run here", _warnings[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_every_node_is_computed_elsewhere_the_run_says_so_and_ends()
    {
        await using SimulatedGateway gateway = SimulatedGateway.Start(new SimulatedGatewayOptions
        {
            QueueMap = strategy => new JsonObject { [$"{strategy.NodeIds[1]}:60:0"] = new JsonArray("one", "two") },
        });

        await using WorldRun run = await RunAsync(gateway, new NodeStrategy("one", Graphs.Sum("sum", Stream("A"))));

        Assert.True(run.IsComputedElsewhere);
        Assert.Empty(_results);
        Assert.Empty(run.Warmup);
        Assert.Null(run.Gate);
        Assert.Empty(gateway.GetRequests(GatewayRoute.Activation));
        Assert.Contains("nothing to run here", Assert.Single(_warnings), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_downgrade_and_safe_mode_are_shown()
    {
        await using SimulatedGateway gateway = SimulatedGateway.Start(new SimulatedGatewayOptions { DowngradeReason = "no quota", SafeMode = true });

        await using WorldRun run = await RunAsync(gateway, new NodeStrategy("one", Graphs.Sum("sum", Stream("A"))));

        Assert.Equal(2, _warnings.Count);
        Assert.Contains("no quota", _warnings[0], StringComparison.Ordinal);
        Assert.Contains("safe mode", _warnings[1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(409, GatewayErrorKind.DuplicateStrategy)]
    [InlineData(422, GatewayErrorKind.InvalidPayload)]
    [InlineData(500, GatewayErrorKind.Refused)]
    public async Task A_gateway_that_does_not_take_the_strategy_ends_the_run_before_anything_is_read(int status, GatewayErrorKind kind)
    {
        await using SimulatedGateway gateway = SimulatedGateway.Start();
        gateway.Faults[GatewayRoute.Strategies].Enqueue(GatewayFault.Status(status));
        ScriptedProvider provider = RunnerTests.Provider();

        GatewayException error = await Assert.ThrowsAsync<GatewayException>(() => RunAsync(gateway, new NodeStrategy("one", Graphs.Sum("sum", Stream("A", provider)))));

        Assert.Equal((kind, status), (error.Kind, error.Status));
        Assert.Equal(0, provider.CoverageCalls);
        Assert.Empty(_results);
    }

    [Fact]
    public async Task A_gateway_that_cannot_be_reached_is_not_asked_by_the_next_runs_of_the_runner()
    {
        var gateway = new Uri("http://127.0.0.1:1");
        var runner = new WorldRunner(new WorldRunnerOptions { Gateway = new GatewayClientOptions { FailuresToOpenCircuit = 2 } }, _clock);
        Task<GatewayException> FailAsync(WorldRunner by, Uri at) =>
            Assert.ThrowsAsync<GatewayException>(() => by.RunAsync(new NodeStrategy("s", Graphs.Sum("a", Stream("A"))), "w", at, _ => { }));

        Assert.Equal(GatewayErrorKind.Unreachable, (await FailAsync(runner, gateway)).Kind);
        Assert.Equal(GatewayErrorKind.Unreachable, (await FailAsync(runner, gateway)).Kind);
        Assert.Equal(GatewayErrorKind.CircuitOpen, (await FailAsync(runner, gateway)).Kind);

        // Another gateway, and a runner of its own, know nothing of it.
        Assert.Equal(GatewayErrorKind.Unreachable, (await FailAsync(runner, new Uri("http://127.0.0.1:1/other"))).Kind);
        Assert.Equal(GatewayErrorKind.Unreachable, (await FailAsync(new WorldRunner(), gateway)).Kind);
        _clock.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal(GatewayErrorKind.Unreachable, (await FailAsync(runner, gateway)).Kind);
    }

    [Fact]
    public async Task A_gateway_that_does_not_answer_about_activation_leaves_the_gate_closed_and_the_replay_runs()
    {
        await using SimulatedGateway gateway = SimulatedGateway.Start();
        gateway.SetActivation("world", new SimulatedActivation("all", Active: true));
        gateway.Faults[GatewayRoute.Activation].Rule = _ => GatewayFault.Status(503);
        gateway.Faults[GatewayRoute.Subscribe].Rule = _ => GatewayFault.Status(503);

        await using WorldRun run = await RunAsync(gateway, new NodeStrategy("one", Graphs.Sum("sum", Stream("A"))));

        Assert.Equal(3, _results.Count);
        Assert.False(run.Gate!.IsAllowed(ActivationSide.Long));
        Assert.False(run.Gate.IsAllowed(ActivationSide.Short));
        Assert.Contains(_events, happened => happened is ActivationNotAnswered);
    }

    [Fact]
    public async Task A_node_that_throws_in_a_world_closes_the_gate()
    {
        await using SimulatedGateway gateway = SimulatedGateway.Start();
        gateway.SetActivation("world", new SimulatedActivation("all", Active: true));
        Node bad = new ComputeNode("bad", [Stream("A")], static double (_) => throw new InvalidOperationException("divided by the moon"));

        NodeFailedException error = await Assert.ThrowsAsync<NodeFailedException>(() => RunAsync(gateway, new NodeStrategy("one", bad)));

        Assert.Contains("divided by the moon", error.Message, StringComparison.Ordinal);
        Assert.False(_events.OfType<ActivationChanged>().Last(happened => happened.Activation.Side == ActivationSide.Long).Activation.Allowed);
    }

    [Fact]
    public async Task Two_intervals_of_one_id_are_two_nodes_to_the_gateway()
    {
        await using SimulatedGateway gateway = SimulatedGateway.Start();
        var five = new StreamInput(new StreamInputOptions { NodeId = "A", Interval = BarInterval.FromSeconds(300), Period = 3 });

        await using WorldRun run = await RunAsync(gateway, new NodeStrategy("one", Graphs.Sum("sum", Stream("A"), five)));

        Assert.Equal(3, gateway.Strategies[0].NodeIds.Distinct().Count());
    }

    private static IEnumerable<string?> NamesIn(SubmittedStrategy strategy) =>
        JsonDocument.Parse(strategy.DagJson).RootElement.GetProperty("nodes").EnumerateArray().Select(node => node.GetProperty("name").GetString());

    private StreamInput Stream(string id, ScriptedProvider? provider = null) =>
        new(new StreamInputOptions { NodeId = id, Interval = Bars.Minute, Period = 3, HistoryProvider = provider ?? RunnerTests.Provider() }, _clock);

    private void Take(NodeResult result) => _results.Add(Graphs.Line(result));

    private WorldRunner CreateRunner() => new(
        new WorldRunnerOptions
        {
            Run = new RunnerOptions { OnWarning = _warnings.Add },
            OnGatewayEvent = _events.Add,
        },
        _clock);

    private Task<WorldRun> RunAsync(SimulatedGateway gateway, Strategy strategy) => CreateRunner().RunAsync(strategy, "world", gateway.BaseUri, Take);
}
