namespace Qmtl.History;

/// <summary>
/// A kind of store: what it is called, how it is told by what names a store, and how it is opened. It stands beside the store's own
/// code and has its line in <c>StoreKinds</c>; everything else about kinds, in both shells too, is read from there.
/// </summary>
/// <param name="Name">What operators call it, for example <c>QuestDb</c>; case does not count.</param>
internal sealed record StoreKind(string Name)
{
    /// <summary>Whether the store is a file, which takes neither user nor password; a server otherwise.</summary>
    public bool IsFile { get; init; }

    /// <summary>
    /// A word that a server which speaks PostgreSQL's protocol has in its version where it is of this kind and no PostgreSQL; null, the
    /// default, where servers cannot be told apart so.
    /// </summary>
    public string? Product { get; init; }

    /// <summary>Whether the store takes <see cref="HistoryStoreOptions.HttpUri"/>; not by default.</summary>
    public bool TakesHttpUri { get; init; }

    /// <summary>
    /// Reads a text that is meant for a store of this kind: the file's path or the connection string. Null for any other text; one that
    /// no kind takes for its own is a file's path.
    /// </summary>
    public required Func<string, string?> Read { get; init; }

    /// <summary>
    /// Refuses options that a store of the kind cannot be opened with, by an <see cref="ArgumentException"/>, before anything is asked
    /// of a server.
    /// </summary>
    public Action<HistoryStoreOptions> Check { get; init; } = static _ => { };

    /// <summary>Opens what <see cref="Read"/> gave. Nothing is read or created before the first use.</summary>
    public required Func<string, HistoryStoreOptions, IHistoryStore> Open { get; init; }
}
