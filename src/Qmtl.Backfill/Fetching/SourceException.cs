namespace Qmtl.Fetching;

/// <summary>A source could not answer. The message is written for an operator and holds no secret.</summary>
public sealed class SourceException : Exception
{
    // The way out where a source does not reach back.
    internal const string OlderBars =
        "For older bars use another source, such as files that the exchange publishes (New-QmtlFetcher -Path, --file).";

    /// <summary>An error that asking again cannot mend.</summary>
    public SourceException(string message)
        : base(message)
    {
    }

    /// <summary>An error that asking again cannot mend, with its cause.</summary>
    public SourceException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Whether asking again may help (network, time-out, 5xx, rate limit); false by default.</summary>
    public bool IsTransient { get; init; }

    /// <summary>How long the source asked to be left alone (<c>Retry-After</c>); null where it did not say.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The HTTP status code, where there was one.</summary>
    public int? StatusCode { get; init; }

    /// <summary>
    /// Whether the source was not even asked: it wants to be left alone for longer than one waits, or cannot have what would be asked;
    /// false by default.
    /// </summary>
    internal bool IsUnsent { get; init; }
}
