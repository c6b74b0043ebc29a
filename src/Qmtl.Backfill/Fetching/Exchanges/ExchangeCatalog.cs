using System.Collections.Concurrent;
using System.Reflection;

namespace Qmtl.Fetching.Exchanges;

/// <summary>The exchanges that come with this library, and those of files.</summary>
public static class ExchangeCatalog
{
    private const string Prefix = "Qmtl.Exchanges.";
    private const string Suffix = ".json";
    private const int LongestFile = 1024 * 1024;

    private static readonly Assembly Library = typeof(ExchangeCatalog).Assembly;
    private static readonly ConcurrentDictionary<string, ExchangeProfile> Read = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The names of those that come with the library, in alphabetical order. None of their files is read for that.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        .. Library.GetManifestResourceNames()
            .Where(static name => name.StartsWith(Prefix, StringComparison.Ordinal))
            .Select(static name => name[Prefix.Length..^Suffix.Length])
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>The exchange of the name, in any case.</summary>
    /// <exception cref="ArgumentException">None of that name comes with the library; the message names those that do.</exception>
    public static ExchangeProfile Get(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return Names.Contains(name, StringComparer.OrdinalIgnoreCase)
            ? Read.GetOrAdd(name, ReadResource)
            : throw new ArgumentException($"There is no exchange '{name}'. There are {string.Join(", ", Names)}.", nameof(name));
    }

    /// <summary>The exchange that a file describes; see docs/exchanges.md.</summary>
    /// <param name="path">The file; a relative path is taken from the process's current folder.</param>
    /// <exception cref="ArgumentException">Something of it is wrong. The message names file, key, rule and way out.</exception>
    /// <exception cref="FileNotFoundException">The file is not there.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static ExchangeProfile Load(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var file = new FileInfo(path);
        if (!file.Exists)
        {
            throw new FileNotFoundException($"There is no file '{path}'.", path);
        }

        return file.Length <= LongestFile
            ? ExchangeProfileReader.Read(File.ReadAllBytes(path), file.Name)
            : throw new ArgumentException($"{file.Name} has {file.Length} bytes. A profile has {LongestFile} at most.");
    }

    private static ExchangeProfile ReadResource(string name)
    {
        string resource = Prefix + name.ToLowerInvariant() + Suffix;
        using Stream stream = Library.GetManifestResourceStream(resource)!;
        byte[] text = new byte[stream.Length];
        stream.ReadExactly(text);
        return ExchangeProfileReader.Read(text, name.ToLowerInvariant() + Suffix);
    }
}
