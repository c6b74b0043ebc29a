using Qmtl.Gateway.Activation;
using Qmtl.Gateway.Watching;
using Qmtl.Simulation.Gateway;

namespace Qmtl.Unit.Gateway;

/// <summary>A watcher of a gateway that tells of both sides on connecting, as late versions do.</summary>
public sealed class GreetedWatcherTests : ActivationWatcherTestBase
{
    protected override SimulatedGatewayOptions Behave(SimulatedGatewayOptions options) => options with { GreetsConnections = true };

    [Fact]
    public async Task What_is_told_on_connecting_counts_where_questions_get_no_answer()
    {
        Gateway.SetActivation(World, new SimulatedActivation("all", Active: true) { Weight = 0.5, Timestamp = Clock.GetUtcNow(), ETag = "a" });
        Gateway.Faults[GatewayRoute.Activation].Rule = _ => GatewayFault.Status(503);

        await Watcher.StartAsync();

        await AllowedAsync(ActivationSide.Long, 0.5);
        await AllowedAsync(ActivationSide.Short, 0.5);
    }

    [Fact]
    public async Task What_is_known_already_is_told_again_without_a_word_about_it()
    {
        Gateway.SetActivation(World, new SimulatedActivation("all", Active: true) { Timestamp = Clock.GetUtcNow(), ETag = "a" });
        await Watcher.StartAsync();
        await Events.WaitAsync<Connected>();

        await Gateway.ActivateAsync(World, new SimulatedActivation("all", Active: true) { Weight = 0.25, Timestamp = Clock.GetUtcNow(), ETag = "b" });

        await AllowedAsync(ActivationSide.Short, 0.25);
        await Events.WaitAsync<ActivationChanged>(number: 4);
        Assert.DoesNotContain(Events.All<MessageIgnored>(), ignored => ignored.Reason.Contains("activation of", StringComparison.Ordinal));
        Assert.Equal(4, Events.All<ActivationChanged>().Count);
    }
}
