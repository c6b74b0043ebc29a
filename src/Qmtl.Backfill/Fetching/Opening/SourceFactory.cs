using System.Collections.Immutable;
using Qmtl.Fetching.Binance;
using Qmtl.Fetching.Csv;

namespace Qmtl.Fetching;

/// <summary>Knows all kinds of sources: those of this library, and those that were added at run time.</summary>
public static class SourceFactory
{
    // A new kind needs its line here and nothing else.
    private static ImmutableArray<SourceKind> _kinds =
    [
        BinanceApi.Instance.Kind,
        CsvFetcher.Kind,
    ];

    /// <summary>All kinds, those of the library first.</summary>
    public static IReadOnlyList<SourceKind> Kinds => _kinds;

    /// <summary>Adds a kind, for this process.</summary>
    /// <exception cref="ArgumentException">There is one of that name, or the name is blank.</exception>
    public static void Add(SourceKind kind)
    {
        ArgumentNullException.ThrowIfNull(kind);
        ArgumentException.ThrowIfNullOrWhiteSpace(kind.Name);
        ImmutableInterlocked.Update(ref _kinds, kinds => Named(kind.Name, kinds) is null
            ? kinds.Add(kind)
            : throw new ArgumentException($"There is a source '{kind.Name}' already. Choose another name.", nameof(kind)));
    }

    /// <summary>The kind of the name, in any case.</summary>
    /// <exception cref="ArgumentException">There is none; the message names those that there are.</exception>
    public static SourceKind Find(string name)
    {
        ImmutableArray<SourceKind> kinds = _kinds;
        string known = string.Join(", ", kinds.Select(kind => kind.Name));
        return Named(name, kinds) ?? throw new ArgumentException($"There is no source '{name}'. There are {known}.", nameof(name));
    }

    /// <summary>The kind of a file, by its name.</summary>
    public static SourceKind OfFile(string path) => _kinds.FirstOrDefault(kind => kind.IsFile && kind.Reads(path)) ?? CsvFetcher.Kind;

    private static SourceKind? Named(string name, ImmutableArray<SourceKind> kinds) =>
        kinds.FirstOrDefault(kind => kind.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
}
