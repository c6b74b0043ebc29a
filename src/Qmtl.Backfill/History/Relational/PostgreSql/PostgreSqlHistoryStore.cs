using System.Net;
using Npgsql;
using Qmtl.Data;

namespace Qmtl.History.Relational.PostgreSql;

/// <summary>A history store in a PostgreSQL database (version 13 or later), in the first schema of the user's search path.</summary>
/// <remarks>Tables are made by the first write. Any number of processes may read and write; two writers of one stream take turns.</remarks>
public sealed class PostgreSqlHistoryStore : RelationalHistoryStore
{
    // A name that is longer is cut off by the server, so that two long names could mean one table.
    private const int MaximumNameBytes = 63;

    private readonly NpgsqlDataSource _dataSource;
    private readonly ServerOutage _outage;
    private readonly PostgreSqlErrors _errors;
    private readonly ServerProduct _product;
    private readonly LockWatch _locks;
    private readonly SessionLimits _limits = new();
    private readonly SeenTables _seen = new();
    private readonly FillClaims _claims;

    /// <summary>
    /// A store in the database that <paramref name="connectionString"/> names. Nothing is asked of the server before the first use.
    /// </summary>
    /// <param name="connectionString">
    /// <c>postgresql://user:pass@host:port/db?sslmode=…</c>, or Npgsql's own form (<c>Host=…;Database=…</c>).
    /// </param>
    /// <param name="table">The table of all streams; null, the default, for a table a node, named by its id.</param>
    /// <param name="credential">User and password, in place of those in the connection string.</param>
    /// <param name="timeProvider">The clock that says when something was learnt; null for the system's.</param>
    /// <exception cref="ArgumentException">
    /// A part of the connection string is wrong, or the table cannot be named so. The message names the part and never holds the
    /// password.
    /// </exception>
    public PostgreSqlHistoryStore(
        string connectionString, string? table = null, NetworkCredential? credential = null, TimeProvider? timeProvider = null)
        : this(PostgreSqlConnectionString.Parse(connectionString, credential), table, timeProvider)
    {
    }

    private PostgreSqlHistoryStore(NpgsqlConnectionStringBuilder connection, string? table, TimeProvider? timeProvider)
        : base(PostgreSqlConnectionString.Display(connection), timeProvider)
    {
        Naming = NamingOf(table);
        _outage = new ServerOutage(timeProvider ?? TimeProvider.System);
        _errors = new PostgreSqlErrors(DisplayName, connection.Password, _outage);
        _product = new ServerProduct(connection);
        _dataSource = new NpgsqlDataSourceBuilder(connection.ConnectionString).Build();
        _locks = new LockWatch(_dataSource, connection.ApplicationName!, timeProvider ?? TimeProvider.System);
        _claims = new FillClaims(connection);
    }

    internal static StoreKind Kind { get; } = new("PostgreSql")
    {
        Read = text => PostgreSqlConnectionString.IsMeant(text) ? text : null,
        Check = options => NamingOf(options.Table),
        Open = (text, options) => new PostgreSqlHistoryStore(text, options.Table, options.Credential),
    };

    /// <inheritdoc/>
    /// <remarks>It is an advisory lock of a transaction that lasts as long; of more claims at once than eight nothing is said.</remarks>
    public override async Task<IAsyncDisposable?> TryClaimAsync(StreamKey stream, CancellationToken cancellationToken = default)
    {
        StreamClaims claims = await TryClaimManyAsync([stream], cancellationToken);
        return claims.Refused.Count == 0 ? claims : null;
    }

    /// <inheritdoc/>
    /// <remarks>All locks are those of one transaction. The server has room for some thousands, of all sessions together.</remarks>
    public override async Task<StreamClaims> TryClaimManyAsync(
        IReadOnlyCollection<StreamKey> streams, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(streams);
        StreamKey[] wanted = [.. streams.Distinct()];
        (IReadOnlyList<int> refused, StreamClaim claim) = await _claims.TryAsync(
            Array.ConvertAll(wanted, stream => StreamClaim.KeyOf(Naming.TableOf(stream.NodeId), stream)), cancellationToken);
        return new StreamClaims(refused.Select(at => wanted[at]).ToHashSet(), claim);
    }

    private protected override TableNaming Naming { get; }

    // The server keeps a lock for each table, for its key and for each stream, until the transaction ends, and has room for some
    // thousands, of all sessions together.
    private protected override int StreamsInTransaction => 250;

    private protected override async Task<RelationalSession?> OpenSessionAsync(bool forWriting, CancellationToken cancellationToken) =>
        new PostgreSqlSession(await _dataSource.OpenConnectionAsync(cancellationToken), _outage, _locks, _limits, _seen);

    private protected override StoreException? Translate(Exception exception) => _errors.Translate(exception);

    private protected override Task<StoreException?> FindCauseAsync(StoreException error, CancellationToken cancellationToken) =>
        _product.FindWrongKindAsync(Kind, error, DisplayName, cancellationToken);

    private protected override async ValueTask CloseAsync()
    {
        await _claims.DisposeAsync();
        await _dataSource.DisposeAsync();
    }

    private static TableNaming NamingOf(string? table) => new(table, MaximumNameBytes, StringComparer.Ordinal);
}
