using Qmtl.Gateway.Activation;
using Qmtl.Gateway.Watching;
using Qmtl.Simulation.Gateway;

namespace Qmtl.Unit.Gateway;

/// <summary>What a watcher makes of answers that are no activation, or an old one.</summary>
public sealed class ActivationAnswerTests : ActivationWatcherTestBase
{
    [Fact]
    public async Task A_world_that_has_not_decided_yet_is_no_fault()
    {
        await Watcher.StartAsync();

        Assert.Equal(("the world has not decided yet", false), (Gate[ActivationSide.Long].Reason, Gate.IsAllowed(ActivationSide.Short)));
        Assert.Empty(Events.All<ActivationNotAnswered>());
    }

    [Fact]
    public async Task A_decision_that_is_taken_back_closes()
    {
        await OpenAsync();
        Gateway.Faults[GatewayRoute.Activation].Rule = _ => GatewayFault.Status(404, """{"detail":"activation not found"}""");

        Clock.Advance(TimeSpan.FromSeconds(15));

        await ClosedAsync(ActivationSide.Short, "the world has not decided yet");
        Assert.Empty(Events.All<ActivationNotAnswered>());
    }

    [Fact]
    public async Task A_stale_answer_closes_and_never_opens()
    {
        Gateway.IsStale = true;
        Gateway.SetActivation(World, new SimulatedActivation("all", Active: true));
        await Watcher.StartAsync();
        Assert.False(Gate.IsAllowed(ActivationSide.Long));
        Assert.Contains("about the Long side is stale", Events.All<MessageIgnored>()[0].Reason, StringComparison.Ordinal);

        Gateway.IsStale = false;
        Clock.Advance(TimeSpan.FromSeconds(15));
        await AllowedAsync(ActivationSide.Short);
        Gateway.IsStale = true;
        Gateway.SetActivation(World, new SimulatedActivation("all", Active: false));
        Clock.Advance(TimeSpan.FromSeconds(15));

        await ClosedAsync(ActivationSide.Short, "not active");
    }

    [Fact]
    public async Task A_gateway_that_answers_nobody_is_left_alone_for_as_long_as_it_asks()
    {
        Gateway.Level = GatewayLevel.Static;
        await Watcher.StartAsync();
        Assert.Equal(TimeSpan.FromSeconds(30), Assert.Single(Events.All<ActivationNotAnswered>()).Error.RetryAfter);

        Gateway.Level = GatewayLevel.Normal;
        Gateway.SetActivation(World, new SimulatedActivation("all", Active: true));
        Clock.Advance(TimeSpan.FromSeconds(15));
        Assert.Equal(1, Count(GatewayRoute.Activation));
        Clock.Advance(TimeSpan.FromSeconds(15));

        await AllowedAsync(ActivationSide.Short);
    }
}
