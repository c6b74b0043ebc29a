using System.Collections.ObjectModel;
using System.Net;
using Qmtl.Data;

namespace Qmtl.Fetching;

/// <summary>What an operator can say of a source of any kind.</summary>
public sealed record SourceOptions
{
    /// <summary>The file, where the source is one; a relative path is taken from the process's current folder.</summary>
    public string? Path { get; init; }

    /// <summary>Where the API is, in place of the exchange's own address; null by default.</summary>
    public Uri? BaseUri { get; init; }

    /// <summary>The source's name, under which emptiness is remembered; null, the default, for the one that it has by itself.</summary>
    public string? Name { get; init; }

    /// <summary>How many bars one request asks for; null, the default, for as many as the source gives.</summary>
    public int? BarsPerRequest { get; init; }

    /// <summary>Whether whole months and days are taken from files where the source publishes them; true by default.</summary>
    public bool UseBulkFiles { get; init; } = true;

    /// <summary>The source's word for what a stream is of; null, the default, where each node id is the symbol itself.</summary>
    public Func<StreamKey, string>? Symbol { get; init; }

    /// <summary>The key of a source that asks for one; null, the default, for the environment.</summary>
    public NetworkCredential? Credential { get; init; }

    /// <summary>What separates the fields of a CSV file; null, the default, where it is found.</summary>
    public char? Delimiter { get; init; }

    /// <summary>
    /// How the numbers and dates of a CSV file are written, as the name of a culture such as <c>de-DE</c>; null, the default, where it is
    /// found.
    /// </summary>
    public string? Culture { get; init; }

    /// <summary>
    /// The names of all columns of a file without a header, in their order; null, the default, where its first line or its shape says them.
    /// </summary>
    /// <remarks>Two that name the same columns are equal.</remarks>
    public IReadOnlyList<string>? Header
    {
        get;
        init => field = value is null ? null : new Names(value);
    }

    private sealed class Names(IReadOnlyList<string> names) : ReadOnlyCollection<string>([.. names])
    {
        public override bool Equals(object? obj) => obj is Names other && this.SequenceEqual(other, StringComparer.Ordinal);

        public override int GetHashCode() => HashCode.Combine(Count, this.FirstOrDefault());
    }
}
