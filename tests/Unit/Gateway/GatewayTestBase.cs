using Microsoft.Extensions.Time.Testing;
using Qmtl.Gateway;
using Qmtl.Gateway.Submission;
using Qmtl.Simulation.Gateway;

namespace Qmtl.Unit.Gateway;

/// <summary>A gateway on loopback and a client of it, on one clock that only the test turns.</summary>
public abstract class GatewayTestBase : IAsyncLifetime
{
    protected const string World = "world-1";

    // A wait that can only end by an error of the code under test ends here instead of never.
    protected static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    protected FakeTimeProvider Clock { get; } = new(new DateTimeOffset(2025, 9, 1, 10, 0, 0, TimeSpan.Zero));

    protected SimulatedGateway Gateway { get; private set; } = null!;

    protected GatewayClient Client { get; private set; } = null!;

    protected static GatewayNode[] Nodes { get; } =
    [
        new("BTCUSDT:60", "StreamInput", "btc", 60, 30, ["spot"], [], "c1", "f1", "s1", "bar-v1", PreWarmup: false),
        new("mean", "ComputeNode", "mean", 60, 5, [], ["BTCUSDT:60"], "c2", "f2", "s2", "payload-v1", PreWarmup: false),
    ];

    public virtual Task InitializeAsync()
    {
        Gateway = SimulatedGateway.Start(Behave(new SimulatedGatewayOptions { TimeProvider = Clock }));
        Client = new GatewayClient(Gateway.BaseUri, options: Options, timeProvider: Clock);
        return Task.CompletedTask;
    }

    public virtual Task DisposeAsync() => Gateway.DisposeAsync().AsTask();

    protected virtual GatewayClientOptions? Options => null;

    protected virtual SimulatedGatewayOptions Behave(SimulatedGatewayOptions options) => options;

    protected static async Task<GatewayException> FailAsync(Func<Task> ask)
    {
        GatewayException error = await Assert.ThrowsAsync<GatewayException>(ask).WaitAsync(Patience);
        Assert.StartsWith("The gateway http://127.0.0.1:", error.Message, StringComparison.Ordinal);
        Assert.EndsWith(".", error.Message, StringComparison.Ordinal);
        return error;
    }
}
