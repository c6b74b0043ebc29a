using System.Data.Common;

namespace Qmtl.History;

/// <summary>
/// Tells by its keywords what a text of the form <c>Keyword=value;…</c> is meant to name, whether it is well formed or not.
/// </summary>
internal static class ConnectionKeywords
{
    // A text with one of these is meant as a connection string to a server, even where it is not a whole one: taken for a
    // path, it would leave a file behind that is named by its password.
    private static readonly string[] OfServers =
        ["host", "server", "port", "database", "username", "user id", "userid", "user name", "user", "uid", "password", "pwd", "psw"];

    private static readonly string[] OfFiles = ["data source", "datasource", "filename"];

    /// <summary>Whether the text is meant as a connection string to a server.</summary>
    public static bool NameServer(string text)
    {
        string[] keywords = In(text);
        return keywords.Intersect(OfServers).Any() && !keywords.Intersect(OfFiles).Any();
    }

    /// <summary>The path in a text that names a file, <c>Data Source=path</c>; null where it names none.</summary>
    /// <exception cref="ArgumentException">Another keyword is in it.</exception>
    public static string? PathIn(string text)
    {
        string[] keywords = In(text);
        if (!keywords.Intersect(OfFiles).Any())
        {
            return null;
        }

        return keywords.FirstOrDefault(keyword => !OfFiles.Contains(keyword)) is { } other
            ? throw new ArgumentException($"'{other}' cannot be set for a SQLite file: Data Source=path is all there is.", nameof(text))
            : (string)new DbConnectionStringBuilder { ConnectionString = text }[keywords[0]];
    }

    private static string[] In(string text)
    {
        try
        {
            var read = new DbConnectionStringBuilder { ConnectionString = text };
            return [.. read.Keys.Cast<string>().Select(keyword => keyword.ToLowerInvariant())];
        }
        catch (ArgumentException)
        {
            // Not well formed: a server's connection string with a slip in it must not be taken for a path either.
            return [.. text.Split(';').Select(part => part.Split('=')[0].Trim().ToLowerInvariant())];
        }
    }
}
