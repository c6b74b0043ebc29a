using Qmtl.Gateway.Activation;
using Qmtl.Gateway.Running;
using Qmtl.Running;
using Qmtl.Simulation.Gateway;
using Qmtl.Strategies;
using Qmtl.Streams;
using Qmtl.Unit.Running;
using Qmtl.Unit.Strategies;
using Qmtl.Unit.Streams;

namespace Qmtl.Unit.Gateway;

/// <content>Runs that go on with new bars.</content>
public sealed partial class WorldRunnerTests
{
    [Fact]
    public async Task A_run_that_goes_on_keeps_the_gate_until_its_end()
    {
        await using SimulatedGateway gateway = SimulatedGateway.Start();
        gateway.SetActivation("world", new SimulatedActivation("long", Active: true));
        var store = new ArrivingBars();
        var stream = new StreamInput(
            new StreamInputOptions { NodeId = "A", Interval = Bars.Minute, Period = 3, HistoryProvider = store }, _clock);
        Enumerable.Range(990, 10).ToList().ForEach(minute => store.Arrive(stream.Key, minute * 60, minute));
        ActivationGate? gate = null;
        using var stop = new CancellationTokenSource();

        Task<WorldRun> running = CreateRunner().FollowAsync(
            new NodeStrategy("one", Graphs.Sum("sum", stream)),
            "world",
            gateway.BaseUri,
            Take,
            new FollowOptions { Watch = store, OnStarted = run => gate = ((WorldRun)run).Gate },
            stop.Token);
        await UntilAsync(() => _results.Count == 4);
        Assert.True(gate!.IsAllowed(ActivationSide.Long));
        _clock.Advance(TimeSpan.FromSeconds(61));
        store.Arrive(stream.Key, 1000 * 60, 1000);
        await UntilAsync(() => _results.Count == 5);

        await gateway.ActivateAsync("world", new SimulatedActivation("long", Active: true) { Freeze = true });
        _clock.Advance(TimeSpan.FromSeconds(20));
        await UntilAsync(() => !gate.IsAllowed(ActivationSide.Long));
        Assert.False(running.IsCompleted);
        await stop.CancelAsync();
        await using WorldRun run = await running;

        Assert.Equal(["sum@996=996", "sum@997=997", "sum@998=998", "sum@999=999", "sum@1000=1000"], _results);
        Assert.Equal(5, run.BarsReplayed);
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (!condition())
        {
            limit.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }
}
