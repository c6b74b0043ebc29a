namespace Qmtl.Fetching.Pacing;

/// <summary>How much may be asked of a host, or of one path of it, in any stretch of time.</summary>
public sealed record RateLimit
{
    /// <summary>What all requests of a window may cost.</summary>
    public required int Weight { get; init; }

    /// <summary>The window's length.</summary>
    public required TimeSpan Per { get; init; }

    /// <summary>Whether a request costs 1 here, whatever its weight.</summary>
    public bool CountsRequests { get; init; }

    /// <summary>The answer's header that tells what was used of the window; null where there is none.</summary>
    public string? UsedHeader { get; init; }

    /// <summary>The answer's header that tells what is left of the window; null where there is none.</summary>
    public string? RemainingHeader { get; init; }

    /// <summary>The answer's header that tells when the window ends; null where there is none.</summary>
    public string? ResetHeader { get; init; }

    /// <summary>What that header counts.</summary>
    public ResetUnit ResetUnit { get; init; }

    /// <summary>What the limit is of; null for the whole host.</summary>
    public string? Scope { get; init; }
}

/// <summary>What a header about the end of a window counts.</summary>
public enum ResetUnit
{
    /// <summary>Unix seconds.</summary>
    EpochSeconds,

    /// <summary>Unix milliseconds.</summary>
    EpochMilliseconds,

    /// <summary>Seconds to go.</summary>
    Seconds,

    /// <summary>Milliseconds to go.</summary>
    Milliseconds,
}
