using Qmtl.Gateway;
using Qmtl.Gateway.Activation;
using Qmtl.Gateway.Watching;
using Qmtl.Simulation.Gateway;

namespace Qmtl.Unit.Gateway;

/// <summary>A watcher of a gateway on loopback.</summary>
public abstract class ActivationWatcherTestBase : GatewayTestBase
{
    protected const string Strategy = "strategy-1";

    private const double SmallWeight = 0.015;

    // So long that turning the clock for something else does not end a request under way.
    protected override GatewayClientOptions? Options => new() { RequestTimeout = TimeSpan.FromDays(2) };

    protected virtual ActivationWatcherOptions WatcherOptions => new();

    private protected EventLog Events { get; } = new(Patience);

    protected ActivationWatcher Watcher { get; private set; } = null!;

    protected ActivationGate Gate => Watcher.Gate;

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        Watcher = new ActivationWatcher(Client, World, Strategy, options: WatcherOptions, timeProvider: Clock, onEvent: Events.Add);
    }

    public override async Task DisposeAsync()
    {
        await Watcher.DisposeAsync();
        await base.DisposeAsync();
    }

    protected int Count(GatewayRoute route) => Gateway.GetRequests(route).Count;

    /// <summary>
    /// Starts the watcher, and waits until events are followed and the gateway has been asked after that. Both sides are allowed with a
    /// small weight.
    /// </summary>
    protected async Task ConnectAsync()
    {
        var asked = new TaskCompletionSource();
        Gateway.Faults[GatewayRoute.Subscribe].Enqueue(GatewayFault.Late(asked.Task));
        await Watcher.StartAsync();
        Gateway.SetActivation(World, new SimulatedActivation("all", Active: true) { Weight = SmallWeight });
        asked.SetResult();
        await Events.WaitAsync<Connected>();
        await AllowedAsync(ActivationSide.Short, SmallWeight);
    }

    /// <summary>As <see cref="ConnectAsync"/>; then the gateway allows both sides with their full weight, in an event.</summary>
    protected async Task OpenAsync()
    {
        await ConnectAsync();
        await Gateway.ActivateAsync(World, new SimulatedActivation("all", Active: true));
        await AllowedAsync(ActivationSide.Long);
        await AllowedAsync(ActivationSide.Short);
    }

    protected Task AllowedAsync(ActivationSide side, double weight = 1) =>
        Events.WaitAsync<ActivationChanged>(change => change.Activation.Side == side && change.Activation.Allowed && change.Activation.Weight == weight);

    protected Task<ActivationChanged> ClosedAsync(ActivationSide side, string reason) =>
        Events.WaitAsync<ActivationChanged>(change => change.Activation.Side == side && change.Activation.Reason == reason);
}
