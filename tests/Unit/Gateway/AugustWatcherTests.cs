using Qmtl.Gateway.Activation;
using Qmtl.Gateway.Watching;
using Qmtl.Simulation.Gateway;

namespace Qmtl.Unit.Gateway;

/// <summary>A watcher of the early gateway, which keeps one activation for a world and serves no WebSocket.</summary>
public sealed class AugustWatcherTests : ActivationWatcherTestBase
{
    protected override SimulatedGatewayOptions Behave(SimulatedGatewayOptions options) => options with { Version = GatewayVersion.August2025 };

    [Fact]
    public async Task Asking_alone_follows_it_and_what_is_about_one_side_says_nothing_of_the_other()
    {
        Gateway.Faults[GatewayRoute.Stream].Rule = _ => GatewayFault.Status(404);
        await Watcher.StartAsync();
        Assert.Equal("the world has not decided yet", Gate[ActivationSide.Long].Reason);
        Gateway.SetActivation(World, new SimulatedActivation("long", Active: true) { Freeze = null, Drain = null });

        for (int i = 1; i <= 10; i++)
        {
            double weight = 1 - (i / 100.0);
            Gateway.SetActivation(World, new SimulatedActivation("long", Active: true) { Weight = weight, Freeze = null });
            Clock.Advance(TimeSpan.FromSeconds(15));
            await AllowedAsync(ActivationSide.Long, weight);
            Assert.False(Gate.IsAllowed(ActivationSide.Short));
        }

        Assert.Empty(Events.All<ActivationNotAnswered>());
        Assert.Empty(Events.All<MessageIgnored>());
    }

    [Fact]
    public async Task Its_events_have_no_version_and_are_a_reason_to_ask()
    {
        await ConnectAsync();

        await Gateway.ActivateAsync(World, new SimulatedActivation("all", Active: true) { Weight = 0.5 });

        await AllowedAsync(ActivationSide.Long, 0.5);
        await AllowedAsync(ActivationSide.Short, 0.5);
    }
}
