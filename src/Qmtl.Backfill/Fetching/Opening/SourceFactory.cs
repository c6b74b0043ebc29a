using System.Collections.Immutable;
using Qmtl.Fetching.Exchanges;
using Qmtl.Fetching.Files;

namespace Qmtl.Fetching;

/// <summary>Knows all kinds of sources: exchanges and files of this library, and those that were added at run time.</summary>
public static class SourceFactory
{
    private const string ProfileSuffix = ".json";

    // A new kind of file needs its line in FileFormat; a new exchange needs its profile.
    private static ImmutableArray<SourceKind> _kinds =
    [
        .. ExchangeCatalog.Names.Select(static name => OfExchange(name, () => ExchangeCatalog.Get(name))),
        .. FileFormat.Kinds,
    ];

    /// <summary>All kinds, those of the library first, exchanges before files.</summary>
    public static IReadOnlyList<SourceKind> Kinds => _kinds;

    /// <summary>The kind that is taken where nobody says which.</summary>
    public static SourceKind Default => Find("binance");

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

    /// <summary>The kind of the name, in any case, or the exchange that a profile (a path that ends with <c>.json</c>) describes.</summary>
    /// <exception cref="ArgumentException">There is none, and the message names those that there are; or the profile is wrong.</exception>
    /// <exception cref="FileNotFoundException">The profile is not there.</exception>
    public static SourceKind Find(string name)
    {
        if (IsProfile(name))
        {
            return OfProfile(name);
        }

        ImmutableArray<SourceKind> kinds = _kinds;
        string known = string.Join(", ", kinds.Select(kind => kind.Name));
        return Named(name, kinds) ?? throw new ArgumentException($"There is no source '{name}'. There are {known}.", nameof(name));
    }

    /// <summary>Whether the name of a source is the path of a profile.</summary>
    public static bool IsProfile(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.EndsWith(ProfileSuffix, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>The exchange that a profile describes.</summary>
    /// <exception cref="ArgumentException">The profile is wrong.</exception>
    /// <exception cref="FileNotFoundException">It is not there.</exception>
    public static SourceKind OfProfile(string path)
    {
        ExchangeProfile profile = ExchangeCatalog.Load(path);
        return OfExchange(profile.Name, () => profile);
    }

    /// <summary>The kind of a file, by its name or its first bytes; CSV, which has no mark to know it by, where it is no other.</summary>
    public static SourceKind OfFile(string path) => _kinds.FirstOrDefault(kind => kind.IsFile && kind.Reads(path)) ?? Find("csv");

    private static SourceKind OfExchange(string name, Func<ExchangeProfile> profile) => new(name)
    {
        Open = options => profile().CreateFetcher(new()
        {
            BaseUri = options.BaseUri,
            Name = options.Name,
            BarsPerRequest = options.BarsPerRequest,
            UseBulkFiles = options.UseBulkFiles,
            Symbol = options.Symbol,
            Credential = options.Credential,
        }),
    };

    private static SourceKind? Named(string name, ImmutableArray<SourceKind> kinds) =>
        kinds.FirstOrDefault(kind => kind.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
}
