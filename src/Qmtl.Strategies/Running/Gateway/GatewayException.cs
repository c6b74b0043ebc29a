namespace Qmtl.Running.Gateway;

/// <summary>A gateway did not do what it was asked. The message is written for an operator and holds no secret.</summary>
public sealed class GatewayException : Exception
{
    /// <summary>An error of a kind.</summary>
    /// <param name="kind">What kind.</param>
    /// <param name="message">What happened, with the gateway's address and the way out.</param>
    /// <param name="innerException">The cause, where there was one.</param>
    public GatewayException(GatewayErrorKind kind, string message, Exception? innerException = null)
        : base(message, innerException) => Kind = kind;

    /// <summary>Why, in one word.</summary>
    public GatewayErrorKind Kind { get; }

    /// <summary>The HTTP status, where there was an answer.</summary>
    public int? Status { get; init; }

    /// <summary>How long to wait before asking again can help; null where nobody said.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Whether the same request may succeed later: the network, an open circuit, 5xx, 408 and 429.</summary>
    public bool IsTransient => Kind is GatewayErrorKind.Unreachable or GatewayErrorKind.CircuitOpen
        || (Kind == GatewayErrorKind.Refused && Status is >= 500 or 408 or 429);
}
