namespace Qmtl.Gateway;

/// <summary>How a <see cref="GatewayClient"/> behaves towards its gateway.</summary>
public sealed record GatewayClientOptions
{
    /// <summary>How long one request may take, from its start to the last byte of its answer.</summary>
    /// <value>10 seconds by default.</value>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How many network errors in a row open the circuit; a time-out is one of them, an answer with any status is none.</summary>
    /// <value>3 by default, as the gateway's contract says; from 2.</value>
    public int FailuresToOpenCircuit { get; init; } = 3;

    /// <summary>How long requests fail at once when the circuit has opened. The first one after that is let through to try.</summary>
    /// <value>30 seconds by default; from half a second to a day.</value>
    public TimeSpan CircuitBreak { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The most bytes that an answer may have.</summary>
    /// <value>16 MiB by default; the queue map of a strategy of 100,000 nodes fits.</value>
    public int LongestAnswer { get; init; } = 16 * 1024 * 1024;

    internal void Validate()
    {
        if (RequestTimeout <= TimeSpan.Zero)
        {
            throw new ArgumentOutOfRangeException(nameof(RequestTimeout), RequestTimeout, "RequestTimeout must be positive.");
        }

        if (FailuresToOpenCircuit < 2)
        {
            throw new ArgumentOutOfRangeException(
                nameof(FailuresToOpenCircuit),
                FailuresToOpenCircuit,
                "FailuresToOpenCircuit is at least 2: one failure does not make a row.");
        }

        if (CircuitBreak < TimeSpan.FromSeconds(0.5) || CircuitBreak > TimeSpan.FromDays(1))
        {
            throw new ArgumentOutOfRangeException(nameof(CircuitBreak), CircuitBreak, "CircuitBreak is from half a second to a day.");
        }

        if (LongestAnswer < 1)
        {
            throw new ArgumentOutOfRangeException(nameof(LongestAnswer), LongestAnswer, "LongestAnswer must be positive.");
        }
    }
}
