using Qmtl.Data;
using Qmtl.Fetching;

namespace Qmtl.Keeping;

/// <summary>A source of a declaration, not opened yet. Two that are declared alike are equal.</summary>
public sealed record KeptSource
{
    /// <summary>What the declaration calls it.</summary>
    public required string Name { get; init; }

    /// <summary>
    /// What it is, as <see cref="SourceFactory.Find"/> knows it; null where it is a file, of the kind that its bytes say.
    /// </summary>
    public string? Kind { get; init; }

    /// <summary>How it is opened. Its symbols are the streams' matter.</summary>
    public SourceOptions Options { get; init; } = new();

    /// <summary>A source that somebody has opened already; null, the default, for one that the keeper opens.</summary>
    public IDataFetcher? Opened { get; init; }

    /// <summary>
    /// What tells its profile from the same one changed: two that were declared before and after a change are not equal. Null,
    /// the default, where it reads none.
    /// </summary>
    internal string? Stamp { get; init; }

    /// <summary>Opens it.</summary>
    /// <param name="symbolOf">The source's word for a stream; null for none, where the node id is that itself.</param>
    /// <exception cref="ArgumentException">There is no such kind, or an option does not go with it.</exception>
    /// <exception cref="IOException">A profile or a file is not there.</exception>
    public IDataFetcher Open(Func<StreamKey, string>? symbolOf = null)
    {
        if (Opened is not null)
        {
            return Opened;
        }

        SourceKind kind = Kind is not null ? SourceFactory.Find(Kind) : SourceFactory.OfFile(Options.Path!);
        return kind.Open(kind.IsFile ? Options : Options with { Symbol = symbolOf });
    }
}
