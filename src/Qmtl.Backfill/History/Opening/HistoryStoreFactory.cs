using System.Net;
using Qmtl.History.Relational.Sqlite;

namespace Qmtl.History;

/// <summary>Opens a store from what an operator writes: a file path or a connection string.</summary>
public static class HistoryStoreFactory
{
    /// <summary>
    /// The kinds of stores that <see cref="HistoryStoreOptions.Kind"/> can name, and <c>Auto</c> for whatever it turns out to be.
    /// </summary>
    public static IReadOnlyList<string> KindNames { get; } = [StoreKinds.Auto, .. StoreKinds.All.Select(kind => kind.Name)];

    /// <summary>
    /// Opens the store that <paramref name="pathOrConnectionString"/> names. Nothing is read or created before the first use.
    /// </summary>
    /// <param name="pathOrConnectionString">
    /// A file path (SQLite; <c>Data Source=…</c> and <c>sqlite:…</c> are understood too), <c>postgresql://user:pass@host:port/db</c>,
    /// Npgsql's own form (<c>Host=…;Database=…</c>), or that of libpq (<c>host=… dbname=…</c>). In the URI, characters with a meaning are
    /// percent-encoded.
    /// </param>
    /// <param name="table">The table of all streams; null, the default, for a table a node, named by its id.</param>
    /// <param name="credential">
    /// User and password, in place of those in the connection string; an empty user leaves the one that stands there.
    /// </param>
    /// <exception cref="ArgumentException">
    /// The text is neither, or a part of it is wrong. The message names the part and never holds the password.
    /// </exception>
    public static IHistoryStore Open(string pathOrConnectionString, string? table = null, NetworkCredential? credential = null) =>
        Open(pathOrConnectionString, new HistoryStoreOptions { Table = table, Credential = credential });

    /// <summary>
    /// Opens the store that <paramref name="pathOrConnectionString"/> names. Nothing is read or created before the first use.
    /// </summary>
    /// <param name="pathOrConnectionString">
    /// A file path (SQLite; <c>Data Source=…</c> and <c>sqlite:…</c> are understood too), <c>postgresql://user:pass@host:port/db</c>,
    /// or Npgsql's own form (<c>Host=…;Database=…</c>). Whether a server is a PostgreSQL or a QuestDB is asked of it at the first use,
    /// unless the options say it.
    /// </param>
    /// <param name="options">Which table, as whom, and which kind of store.</param>
    /// <exception cref="ArgumentException">
    /// The text is neither, a part of it is wrong, or an option does not go with it. The message names the part and never holds the
    /// password.
    /// </exception>
    public static IHistoryStore Open(string pathOrConnectionString, HistoryStoreOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        StoreKind? wanted = StoreKinds.Find(options.Kind);
        if (string.IsNullOrWhiteSpace(pathOrConnectionString))
        {
            throw new ArgumentException(
                "The store is not named. Give a file path, or a connection string such as postgresql://user:password@host:5432/database.",
                nameof(pathOrConnectionString));
        }

        List<(StoreKind Kind, string Address)> meant = Read(pathOrConnectionString, wanted);
        if (meant.Where(candidate => wanted is null || candidate.Kind == wanted).ToList() is not [var first, .. var others])
        {
            throw Mismatch(meant[0].Kind, wanted!);
        }

        if (others.Count > 0)
        {
            return new DetectingHistoryStore(pathOrConnectionString, options, [.. meant.Select(candidate => candidate.Kind)]);
        }

        if (first.Kind.IsFile)
        {
            MistypedServer.Refuse(first.Address);
        }

        StoreKinds.Check(first.Kind, options);
        return first.Kind.Open(first.Address, options);
    }

    // The kinds that the text can be meant for: several where they are servers of one protocol. What is meant for a server is no path.
    private static List<(StoreKind Kind, string Address)> Read(string text, StoreKind? wanted)
    {
        List<(StoreKind Kind, string Address)> meant = ReadAs(isFile: false, text);
        meant = meant.Count > 0 ? meant : ReadAs(isFile: true, text);
        int scheme = text.IndexOf("://", StringComparison.Ordinal);
        if (meant.Count == 0 && scheme > 0 && text.AsSpan(0, scheme).IndexOfAnyExceptInRange('A', 'z') < 0)
        {
            throw new ArgumentException(
                $"There is no store for '{text[..scheme]}://'. Give a file path (SQLite) or postgresql://user:password@host:5432/database.",
                nameof(text));
        }

        return meant.Count > 0 ? meant : [(wanted is { IsFile: true } ? wanted : SqliteHistoryStore.Kind, text)];
    }

    private static List<(StoreKind Kind, string Address)> ReadAs(bool isFile, string text) =>
    [
        .. from kind in StoreKinds.All
        where kind.IsFile == isFile
        let address = kind.Read(text)
        where address is not null
        select (kind, address),
    ];

    private static ArgumentException Mismatch(StoreKind meant, StoreKind wanted)
    {
        string read = meant.IsFile ? "a file's path" : "the address of a server";
        string asked = wanted.IsFile ? "a file's path" : "a connection string such as postgresql://user:password@host:port/database";
        return meant.IsFile == wanted.IsFile
            ? new ArgumentException(
                $"What was given names a store of the kind {meant.Name}, and one of the kind {wanted.Name} was asked for. "
                + "Correct either, or leave the kind out.")
            : new ArgumentException(
                $"A store of the kind {wanted.Name} is named by {asked}; what was given reads as {read}. Correct it, or leave the kind "
                    + $"out.");
    }
}
