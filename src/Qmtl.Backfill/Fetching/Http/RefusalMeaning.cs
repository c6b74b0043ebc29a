namespace Qmtl.Fetching.Http;

/// <summary>What an answer that is no answer means.</summary>
internal enum RefusalMeaning
{
    /// <summary>Too many requests; it may pass.</summary>
    RateLimited,

    /// <summary>The address is shut out for having asked too much; it may pass.</summary>
    Banned,

    /// <summary>It does not work at present; it may pass.</summary>
    Failing,

    /// <summary>It is being serviced; it may pass.</summary>
    Maintenance,

    /// <summary>It does not know the symbol.</summary>
    UnknownSymbol,

    /// <summary>It has no bars of the interval.</summary>
    UnknownInterval,

    /// <summary>It does not reach back so far.</summary>
    TooOld,

    /// <summary>It finds the request wrong.</summary>
    BadRequest,

    /// <summary>It answers only with credentials.</summary>
    NeedsKey,

    /// <summary>There is no such API at the address.</summary>
    NotFound,

    /// <summary>Its firewall does not let the address through.</summary>
    BlockedAddress,

    /// <summary>It does not serve the location.</summary>
    BlockedLocation,
}

/// <summary>An API's own no.</summary>
/// <param name="Said">Its words, as they came.</param>
/// <param name="Meaning">What they mean; null leaves that to the status.</param>
internal sealed record HttpRefusal(string Said, RefusalMeaning? Meaning = null)
{
    /// <summary>Until when it wants to be left alone, by its own clock; null where its words do not say.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>What an operator can do about this one; null for what is said of all that mean the same.</summary>
    public string? WayOut { get; init; }
}
