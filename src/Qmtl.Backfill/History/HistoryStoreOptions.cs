using System.Net;

namespace Qmtl.History;

/// <summary>How a store is opened, besides where it is.</summary>
public sealed record HistoryStoreOptions
{
    /// <summary>The table of all streams; null, the default, for a table a node, named by its id.</summary>
    public string? Table { get; init; }

    /// <summary>
    /// User and password, in place of those in the connection string; an empty user leaves the one that stands there. Null by default.
    /// </summary>
    public NetworkCredential? Credential { get; init; }

    /// <summary>
    /// Which kind of store it is, one of <see cref="HistoryStoreFactory.KindNames"/>; case does not count. Null, the default, and
    /// <c>Auto</c> for what the path or connection string says, and for a server, whatever it says of itself when it is first asked.
    /// </summary>
    public string? Kind { get; init; }

    /// <summary>
    /// QuestDB's HTTP server, for bulk writes, for example <c>http://localhost:9000</c>; null, the default, for port 9000 of the
    /// connection string's host.
    /// </summary>
    public Uri? HttpUri { get; init; }

    /// <summary>The credential of which a file has the password, in its first line, and something else the user.</summary>
    /// <exception cref="ArgumentException">The file cannot be read.</exception>
    internal static NetworkCredential CredentialIn(string passwordFile)
    {
        try
        {
            return new NetworkCredential(string.Empty, File.ReadLines(passwordFile).FirstOrDefault());
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ArgumentException($"The password file cannot be read: {error.Message}", error);
        }
    }
}
