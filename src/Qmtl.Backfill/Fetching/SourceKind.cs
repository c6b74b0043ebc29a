namespace Qmtl.Fetching;

/// <summary>A kind of source: what it is called, what it is, and how it is opened. <see cref="SourceFactory"/> knows all of them.</summary>
/// <param name="Name">What operators call it, for example <c>binance</c>; case does not count.</param>
public sealed record SourceKind(string Name)
{
    /// <summary>
    /// Whether the source is a file, which <see cref="SourceOptions.Path"/> has to name; otherwise it is asked over a network. False by
    /// default.
    /// </summary>
    public bool IsFile { get; init; }

    /// <summary>
    /// Whether the file at a path is of this kind, by its name or what it holds; by default none is. What no kind takes for its own is read
    /// as CSV.
    /// </summary>
    public Func<string, bool> Reads { get; init; } = static _ => false;

    /// <summary>Opens a source of the kind. Options that the kind has no use for are not looked at.</summary>
    /// <exception cref="ArgumentException">An option is wrong, or one that is needed is missing.</exception>
    /// <exception cref="FileNotFoundException">The file is not there.</exception>
    public required Func<SourceOptions, IDataFetcher> Open { get; init; }
}
