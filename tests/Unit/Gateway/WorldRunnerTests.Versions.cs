using System.Text.Json.Nodes;
using Qmtl.Gateway.Activation;
using Qmtl.Gateway.Running;
using Qmtl.Gateway.Submission;
using Qmtl.Running;
using Qmtl.Simulation.Gateway;
using Qmtl.Strategies;
using Qmtl.Streams;
using Qmtl.Unit.Running;
using Qmtl.Unit.Strategies;
using Qmtl.Unit.Streams;

namespace Qmtl.Unit.Gateway;

/// <content>Runs in the worlds of all versions of the gateway.</content>
public sealed partial class WorldRunnerTests
{
    [Theory]
    [InlineData(GatewayVersion.August2025)]
    [InlineData(GatewayVersion.September2025)]
    [InlineData(GatewayVersion.April2026)]
    public async Task Every_version_of_the_gateway_takes_a_strategy_and_goes_on_with_it_the_second_time(GatewayVersion version)
    {
        await using SimulatedGateway gateway = SimulatedGateway.Start(new SimulatedGatewayOptions
        {
            Version = version,
            QueueMap = strategy => new JsonObject { [strategy.NodeIds[1]] = new JsonArray(new JsonObject { ["queue"] = "q", ["global"] = true }) },
        });
        gateway.SetActivation("world", new SimulatedActivation("long", Active: true) { Weight = 0.5 });
        Node elsewhere = Graphs.Sum("elsewhere", Stream("A"));
        var strategy = new NodeStrategy("two", elsewhere, Graphs.Sum("here", Stream("B"), Stream("C")));

        WorldRun first = await RunAsync(gateway, strategy);
        Assert.Equal((0.5, 0.0), (first.Gate!.GetWeight(ActivationSide.Long), first.Gate.GetWeight(ActivationSide.Short)));
        Assert.Equal((false, "strategy-1"), (first.Submission!.WasKnown, first.Submission.StrategyId));
        await first.DisposeAsync();
        await using WorldRun second = await RunAsync(gateway, strategy);

        Assert.Equal((true, "strategy-1"), (second.Submission!.WasKnown, second.Submission.StrategyId));
        Assert.Equal(0.5, second.Gate!.GetWeight(ActivationSide.Long));

        // Only a dry run can tell again which nodes are elsewhere, and the early version has none.
        Assert.Equal(version == GatewayVersion.August2025, elsewhere.Executes);
        Assert.Equal("world", Assert.Single(gateway.Strategies).WorldId);
        Assert.Empty(_warnings);
    }

    [Fact]
    public async Task The_same_strategy_in_another_world_is_another_run()
    {
        await using SimulatedGateway gateway = SimulatedGateway.Start();
        var strategy = new NodeStrategy("one", Graphs.Sum("sum", Stream("A")));

        foreach (string world in (string[])["one", "two"])
        {
            await using WorldRun run = await CreateRunner().RunAsync(strategy, world, gateway.BaseUri, Take);
            Assert.False(run.Submission!.WasKnown);
        }

        Assert.Equal(["one", "two"], gateway.Strategies.Select(submitted => submitted.WorldId));
    }

    [Theory]
    [InlineData(GatewayVersion.August2025, false)]
    [InlineData(GatewayVersion.September2025, true)]
    [InlineData(GatewayVersion.April2026, true)]
    public async Task A_dry_run_registers_nothing(GatewayVersion version, bool hasOne)
    {
        await using SimulatedGateway gateway = SimulatedGateway.Start(new SimulatedGatewayOptions { Version = version, DowngradeReason = "no quota" });
        ScriptedProvider provider = RunnerTests.Provider();

        SubmissionResult? result = await CreateRunner().DryRunAsync(new NodeStrategy("one", Graphs.Sum("sum", Stream("A", provider))), "world", gateway.BaseUri);

        Assert.Equal(hasOne ? "dryrun" : null, result?.StrategyId);
        Assert.Equal(hasOne ? 1 : 0, _warnings.Count(warning => warning.Contains("no quota", StringComparison.Ordinal)));
        Assert.Empty(gateway.Strategies);
        Assert.Empty(gateway.GetRequests(GatewayRoute.Strategies));
        Assert.Equal(0, provider.CoverageCalls);
    }

    [Theory]
    [InlineData("backtest", """{"execution_domain":"backtest","as_of":"1970-01-01T16:40:00Z"}""")]
    [InlineData("live", """{"execution_domain":"live"}""")]
    public async Task A_gateway_that_goes_by_what_it_is_told_does_not_downgrade_a_run(string domain, string meta)
    {
        await using SimulatedGateway gateway = SimulatedGateway.Start(new SimulatedGatewayOptions { Version = GatewayVersion.September2025 });
        var runner = new WorldRunner(new WorldRunnerOptions { ExecutionDomain = domain, Run = new RunnerOptions { OnWarning = _warnings.Add } }, _clock);

        await using WorldRun run = await runner.RunAsync(new NodeStrategy("one", Graphs.Sum("sum", Stream("A"))), "world", gateway.BaseUri, Take);

        Assert.Equal(meta, gateway.Strategies[0].MetaJson);
        Assert.Empty(_warnings);
    }
}
