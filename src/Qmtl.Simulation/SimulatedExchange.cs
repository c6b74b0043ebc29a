namespace Qmtl.Simulation;

/// <summary>An exchange on loopback that speaks Binance's wire format.</summary>
public sealed class SimulatedExchange : IAsyncDisposable
{
    /// <summary>Where it listens.</summary>
    public Uri BaseUri { get; } = new("http://127.0.0.1:1");

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
