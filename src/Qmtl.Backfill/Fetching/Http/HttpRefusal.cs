namespace Qmtl.Fetching.Http;

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
