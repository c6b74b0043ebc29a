using System.Data.Common;
using System.Net;
using Qmtl.History.QuestDb;
using Qmtl.History.Relational.PostgreSql;
using Qmtl.History.Relational.Sqlite;

namespace Qmtl.History;

/// <summary>Opens a store from what an operator writes: a file path or a connection string.</summary>
public static class HistoryStoreFactory
{
    private const string SqlitePrefix = "sqlite:";

    // What a QuestDB shows of itself; the protocol is PostgreSQL's all the same.
    private const string QuestDbScheme = "questdb://";

    // A text with one of these is meant as a connection string to a server, even where it is not a whole one: taken for a
    // path, it would leave a file behind that is named by its password.
    private static readonly string[] ServerKeywords = ["host", "server", "port", "database", "username", "user id", "userid", "user name", "user", "uid", "password", "pwd", "psw"];

    private static readonly string[] FileKeywords = ["data source", "datasource", "filename"];

    /// <summary>Opens the store that <paramref name="pathOrConnectionString"/> names. Nothing is read or created before the first use.</summary>
    /// <param name="pathOrConnectionString">
    /// A file path (SQLite; <c>Data Source=…</c> and <c>sqlite:…</c> are understood too), <c>postgresql://user:pass@host:port/db</c>,
    /// Npgsql's own form (<c>Host=…;Database=…</c>), or that of libpq (<c>host=… dbname=…</c>). In the URI, characters with a meaning are
    /// percent-encoded.
    /// </param>
    /// <param name="table">The table of all streams; null, the default, for a table a node, named by its id.</param>
    /// <param name="credential">User and password, in place of those in the connection string; an empty user leaves the one that stands there.</param>
    /// <exception cref="ArgumentException">The text is neither, or a part of it is wrong. The message names the part and never holds the password.</exception>
    public static IHistoryStore Open(string pathOrConnectionString, string? table = null, NetworkCredential? credential = null) =>
        Open(pathOrConnectionString, new HistoryStoreOptions { Table = table, Credential = credential });

    /// <summary>Opens the store that <paramref name="pathOrConnectionString"/> names. Nothing is read or created before the first use.</summary>
    /// <param name="pathOrConnectionString">
    /// A file path (SQLite; <c>Data Source=…</c> and <c>sqlite:…</c> are understood too), <c>postgresql://user:pass@host:port/db</c>,
    /// or Npgsql's own form (<c>Host=…;Database=…</c>). Whether a server is a PostgreSQL or a QuestDB is asked of it at the first use, unless the options say it.
    /// </param>
    /// <param name="options">Which table, as whom, and which kind of store.</param>
    /// <exception cref="ArgumentException">The text is neither, a part of it is wrong, or an option does not go with it. The message names the part and never holds the password.</exception>
    public static IHistoryStore Open(string pathOrConnectionString, HistoryStoreOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.HttpUri is not null && options.Kind is (HistoryStoreKind.Sqlite or HistoryStoreKind.PostgreSql))
        {
            throw new ArgumentException($"An HTTP address goes with a QuestDB only, not with {options.Kind}. Leave it out, or choose the kind {nameof(HistoryStoreKind.QuestDb)}.", nameof(options));
        }

        if (options.HttpUri is not null)
        {
            QuestDbHistoryStore.RequireHttpAddress(options.HttpUri);
        }

        if (string.IsNullOrWhiteSpace(pathOrConnectionString))
        {
            throw new ArgumentException("The store is not named. Give a file path, or a connection string such as postgresql://user:password@host:5432/database.", nameof(pathOrConnectionString));
        }

        if (pathOrConnectionString.StartsWith(QuestDbScheme, StringComparison.OrdinalIgnoreCase) && options.Kind is (HistoryStoreKind.Auto or HistoryStoreKind.QuestDb))
        {
            return OpenServer("postgresql://" + pathOrConnectionString[QuestDbScheme.Length..], options with { Kind = HistoryStoreKind.QuestDb });
        }

        if (PostgreSqlConnectionString.IsUri(pathOrConnectionString) || LibpqKeywords.TryRead(pathOrConnectionString, out _))
        {
            return OpenServer(pathOrConnectionString, options);
        }

        string[] keywords = KeywordsOf(pathOrConnectionString);
        if (keywords.Intersect(FileKeywords).Any())
        {
            return OpenFile(PathOf(pathOrConnectionString, keywords), options);
        }

        if (keywords.Intersect(ServerKeywords).Any())
        {
            return OpenServer(pathOrConnectionString, options);
        }

        if (pathOrConnectionString.StartsWith(SqlitePrefix, StringComparison.OrdinalIgnoreCase))
        {
            return OpenFile(pathOrConnectionString[SqlitePrefix.Length..], options);
        }

        int scheme = pathOrConnectionString.IndexOf("://", StringComparison.Ordinal);
        return scheme > 0 && pathOrConnectionString.AsSpan(0, scheme).IndexOfAnyExceptInRange('A', 'z') < 0
            ? throw new ArgumentException(
                $"There is no store for '{pathOrConnectionString[..scheme]}://'. Give a file path (SQLite) or postgresql://user:password@host:5432/database.", nameof(pathOrConnectionString))
            : OpenFile(pathOrConnectionString, options);
    }

    private static IHistoryStore OpenServer(string connectionString, HistoryStoreOptions options) => options.Kind switch
    {
        HistoryStoreKind.Auto => new DetectingHistoryStore(connectionString, options),
        HistoryStoreKind.PostgreSql => new PostgreSqlHistoryStore(connectionString, options.Table, options.Credential),
        HistoryStoreKind.QuestDb => new QuestDbHistoryStore(connectionString, options.Table, options.Credential, options.HttpUri),
        _ => throw new ArgumentException($"A connection string to a server was given for a store of the kind {options.Kind}. Give a file path, or leave the kind out.", nameof(options)),
    };

    private static SqliteHistoryStore OpenFile(string path, HistoryStoreOptions options)
    {
        MistypedServer.Refuse(path);
        return options switch
        {
            { Kind: not (HistoryStoreKind.Auto or HistoryStoreKind.Sqlite) } => throw new ArgumentException(
                $"A store of the kind {options.Kind} is named by a connection string such as postgresql://user:password@host:port/database; what was given reads as a file's path.", nameof(options)),
            { HttpUri: not null } => throw new ArgumentException("An HTTP address goes with a QuestDB only; what was given reads as a file's path. Leave the address out.", nameof(options)),
            { Credential: not null } => throw new ArgumentException("A SQLite file knows neither users nor passwords. Leave them out.", nameof(options)),
            _ => new SqliteHistoryStore(path, options.Table),
        };
    }

    // Empty where the text is not of the form Keyword=value;….
    private static string[] KeywordsOf(string text)
    {
        try
        {
            return [.. new DbConnectionStringBuilder { ConnectionString = text }.Keys.Cast<string>().Select(keyword => keyword.ToLowerInvariant())];
        }
        catch (ArgumentException)
        {
            // Not well formed: a server's connection string with a slip in it must not be taken for a path either.
            return [.. text.Split(';').Select(part => part.Split('=')[0].Trim().ToLowerInvariant())];
        }
    }

    private static string PathOf(string text, string[] keywords)
    {
        if (keywords.FirstOrDefault(keyword => !FileKeywords.Contains(keyword)) is { } other)
        {
            throw new ArgumentException($"'{other}' cannot be set for a SQLite file: Data Source=path is all there is.", nameof(text));
        }

        return (string)new DbConnectionStringBuilder { ConnectionString = text }[keywords[0]];
    }
}
