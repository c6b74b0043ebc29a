namespace Qmtl.Gateway;

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

    /// <summary>
    /// The run that is there already, of <see cref="GatewayErrorKind.DuplicateStrategy"/>; null where the gateway did not name it.
    /// </summary>
    public string? StrategyId { get; init; }

    /// <summary>What the gateway said, as it said it; null where there was no answer.</summary>
    internal string? Detail { get; init; }

    /// <summary>The first node whose id the gateway does not accept: its place, and the id that it expects.</summary>
    internal (int Index, string Expected)? ExpectedId { get; init; }

    /// <summary>
    /// Whether the same request may succeed later: the network, an open circuit, 5xx, 408, 429, and a gateway that answers nobody just now
    /// (204).
    /// </summary>
    public bool IsTransient => Kind is GatewayErrorKind.Unreachable or GatewayErrorKind.CircuitOpen
        || (Kind == GatewayErrorKind.Refused && Status is >= 500 or 408 or 429 or 204);
}
