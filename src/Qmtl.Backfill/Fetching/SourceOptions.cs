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

    /// <summary>The source's word for what a stream is of; null, the default, where each node id is the symbol itself.</summary>
    public Func<StreamKey, string>? Symbol { get; init; }

    /// <summary>The key of a source that asks for one; null, the default, for the environment.</summary>
    public NetworkCredential? Credential { get; init; }
}
