namespace Qmtl.History;

/// <summary>A store refused a request or could not be reached. The message is written for an operator and holds no secret.</summary>
public sealed class StoreException : Exception
{
    /// <summary>An error of the store.</summary>
    public StoreException(string message)
        : base(message)
    {
    }

    /// <summary>An error of the store, with its cause.</summary>
    public StoreException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Whether trying again may help (server restarting, file locked, deadlock); false by default.</summary>
    public bool IsTransient { get; init; }

    /// <summary>
    /// Whether the store can take nothing from anybody until somebody mends it (disk full, wrong password, read-only), whatever is
    /// written; false by default, where the refusal may be about these bars or their table only.
    /// </summary>
    public bool ConcernsWholeStore { get; init; }

    /// <summary>Whether bars of a write that failed may be stored all the same; false by default, where nothing of it is kept.</summary>
    public bool MayHaveKept { get; internal set; }

    /// <summary>The least time to leave the store alone before trying again; null where the usual delay will do.</summary>
    internal TimeSpan? RetryAfter { get; init; }

    /// <summary>The same with a sentence more, and with whether bars may be stored all the same.</summary>
    internal StoreException With(string? sentence, bool mayHaveKept) => new($"{Message} {sentence}".TrimEnd(), InnerException)
    {
        IsTransient = IsTransient,
        ConcernsWholeStore = ConcernsWholeStore,
        RetryAfter = RetryAfter,
        MayHaveKept = MayHaveKept || mayHaveKept,
    };
}
