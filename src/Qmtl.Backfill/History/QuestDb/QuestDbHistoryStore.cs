using System.Net;
using Npgsql;
using Qmtl.History.Relational;
using Qmtl.History.Relational.PostgreSql;

namespace Qmtl.History.QuestDb;

/// <summary>
/// A history store in a QuestDB (written for 9.3): reads and asks over its PostgreSQL wire, and writes bars over ILP/HTTP where that
/// port answers, over the PostgreSQL wire otherwise. A write is done when it can be read.
/// </summary>
/// <remarks>
/// <para>
/// Tables are made by the first write: <c>node_id SYMBOL, interval INT, ts TIMESTAMP</c> and the payload, partitioned by day, month or
/// year as the interval asks for it, with a write-ahead log and DEDUP keys, so that writing a bar again replaces it. Tables of others
/// are taken as they are: without DEDUP keys only bars that are missing are written, and one that is there stays as it is. The first
/// write to such a table warns of it (<see cref="RelationalHistoryStore.TakeWarnings"/>).
/// </para>
/// <para>
/// A node's table is named by the node's id, with every character that QuestDB refuses in a name as <c>^</c> and the two hexadecimal
/// digits of each of its bytes in UTF-8 (<c>BTC/USDT</c> is in <c>BTC^2FUSDT</c>). Only an id too long for a name ends in a hash,
/// which cannot be read back; the rows' <c>node_id</c> tells it.
/// </para>
/// <para>
/// QuestDB keeps bars of the years 1970 to 9999, no null in a BOOLEAN column (a bar without a value reads as false), no infinite
/// number, and not the smallest long; what it could not give back is refused before anything is written. It has no lock that
/// processes share: two that write one table without DEDUP keys at once can double bars there, which reading then counts once; and of
/// two that write different columns of the same bar at once, with or without keys, one can lose its values.
/// </para>
/// </remarks>
public sealed class QuestDbHistoryStore : RelationalHistoryStore
{
    private const int DefaultHttpPort = 9000;
    private const string Scheme = "questdb";

    // Each takes a connection, of which the server has some dozens.
    private const int WritesAtOnce = 16;

    private readonly NpgsqlDataSource _dataSource;
    private readonly ServerOutage _outage;
    private readonly QuestDbErrors _errors;
    private readonly ServerProduct _product;
    private readonly QuestDbBulkPath _bulkPath;
    private readonly StreamLocks _locks;
    private readonly QuestDbCatalogue _catalogue = new();
    private readonly TimeProvider _timeProvider;

    /// <summary>
    /// A store in the server that <paramref name="connectionString"/> names. Nothing is asked of it before the first use.
    /// </summary>
    /// <param name="connectionString">
    /// The PostgreSQL wire: <c>postgresql://user:pass@host:8812/qdb</c>, or Npgsql's own form (<c>Host=…;Port=8812;…</c>).
    /// </param>
    /// <param name="table">The table of all streams; null, the default, for a table a node, see the remarks.</param>
    /// <param name="credential">User and password, in place of those in the connection string; for both ports.</param>
    /// <param name="httpUri">The HTTP server; null for port 9000 of the same host.</param>
    /// <param name="timeProvider">The clock; null for the system's.</param>
    /// <exception cref="ArgumentException">
    /// A part of the connection string or the address is wrong, or the table cannot be named so. The message never holds the password.
    /// </exception>
    public QuestDbHistoryStore(
        string connectionString,
        string? table = null,
        NetworkCredential? credential = null,
        Uri? httpUri = null,
        TimeProvider? timeProvider = null)
        : this(PostgreSqlConnectionString.Parse(connectionString, credential), table, httpUri, timeProvider ?? TimeProvider.System)
    {
    }

    private QuestDbHistoryStore(NpgsqlConnectionStringBuilder connection, string? table, Uri? httpUri, TimeProvider timeProvider)
        : base(Display(connection), timeProvider)
    {
        // The open-source server has no TLS on this wire.
        if (!connection.ShouldSerialize("SSL Mode"))
        {
            connection.SslMode = SslMode.Disable;
        }

        // No statement of this library leaves anything behind on a connection that would have to be reset.
        connection.NoResetOnClose = true;
        Naming = new QuestDbTableNaming(table);
        _timeProvider = timeProvider;
        _outage = new ServerOutage(timeProvider);
        _errors = new QuestDbErrors(DisplayName, connection.Password, _outage);
        _product = new ServerProduct(connection);
        _locks = StreamLocks.Of(DisplayName);
        _bulkPath = new QuestDbBulkPath(
            new QuestDbHttp(HttpAddress(httpUri, connection.Host!), connection.Username, connection.Password, DisplayName, _outage),
            DisplayName,
            timeProvider);

        // QuestDB has no catalogue of types to load.
        _dataSource = new NpgsqlDataSourceBuilder(connection.ConnectionString).ConfigureTypeLoading(
            types => types.EnableTypeLoading(false)).Build();
    }

    /// <summary>
    /// The way that the last bars took into the server; decided at the first write, again after a failure, and every minute where it is
    /// the slow one because HTTP cannot be used. Tables without a write-ahead log take it always.
    /// </summary>
    public QuestDbWritePath WritePath => _bulkPath.Path;

    /// <summary>Why bars do not go over HTTP, for people; null where they do, or where nothing was written yet.</summary>
    public string? WritePathReason => _bulkPath.Reason;

    /// <inheritdoc/>
    /// <remarks>
    /// The identity is the same whether the server was named as a QuestDB or was asked what it is. A million bars a write over HTTP:
    /// the questions before and after it, and the wait until it can be read, are then a small part of it. An engine gathers as many as
    /// its own bound allows. Over the PostgreSQL wire, where they would take many seconds, as many as by default.
    /// </remarks>
    public override StoreInfo Info
    {
        get
        {
            StoreInfo info = base.Info with
            {
                Identity = PostgreSqlConnectionString.Scheme + base.Info.Identity[Scheme.Length..],
                WritePath = DescribeWritePath(),
            };
            return WritePath == QuestDbWritePath.PostgreSqlWire ? info : info with { BarsPerWrite = 1_000_000 };
        }
    }

    /// <inheritdoc/>
    /// <remarks>
    /// Each stream by itself, several at once: QuestDB commits table by table, and most of a small write is the wait until it can be read.
    /// </remarks>
    public override async Task<IReadOnlyList<StoreException?>> WriteManyAsync(
        IReadOnlyList<StreamWrite> writes, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(writes);
        var outcomes = new StoreException?[writes.Count];
        await Parallel.ForEachAsync(
            Enumerable.Range(0, writes.Count).GroupBy(at => writes[at].Stream),
            new ParallelOptions { MaxDegreeOfParallelism = WritesAtOnce, CancellationToken = cancellationToken },
            async (stream, token) =>
            {
                foreach (int at in stream)
                {
                    try
                    {
                        await WriteAloneAsync(writes[at], token);
                    }
                    catch (StoreException error)
                    {
                        outcomes[at] = error;
                    }
                }
            });
        return outcomes;
    }

    internal static StoreKind Kind { get; } = new("QuestDb")
    {
        Product = "QuestDB",
        TakesHttpUri = true,
        Read = text =>
            text.StartsWith($"{Scheme}://", StringComparison.OrdinalIgnoreCase) ? PostgreSqlConnectionString.Scheme + text[Scheme.Length..]
            : PostgreSqlConnectionString.IsMeant(text) ? text
            : null,
        Check = options =>
        {
            _ = options.HttpUri is { } address ? RequireHttpAddress(address) : null;
            _ = new QuestDbTableNaming(options.Table);
        },
        Open = (text, options) => new QuestDbHistoryStore(text, options.Table, options.Credential, options.HttpUri),
    };

    private protected override TableNaming Naming { get; }

    private string? DescribeWritePath() => WritePath switch
    {
        QuestDbWritePath.IlpOverHttp => "ILP over HTTP",
        QuestDbWritePath.PostgreSqlWire => $"the PostgreSQL wire, which is several times slower than ILP over HTTP. {WritePathReason}",
        _ => null,
    };

    private protected override async Task<RelationalSession?> OpenSessionAsync(bool forWriting, CancellationToken cancellationToken)
    {
        NpgsqlConnection connection = await _dataSource.OpenConnectionAsync(cancellationToken);
        _outage.End();
        return new QuestDbSession(connection, _catalogue, _bulkPath, _locks, DisplayName, _timeProvider);
    }

    private protected override StoreException? Translate(Exception exception) => _errors.Translate(exception);

    private protected override Task<StoreException?> FindCauseAsync(StoreException error, CancellationToken cancellationToken) =>
        _product.FindWrongKindAsync(Kind, error, DisplayName, cancellationToken);

    private protected override async ValueTask CloseAsync()
    {
        _bulkPath.Dispose();
        await _dataSource.DisposeAsync();
    }

    private static string Display(NpgsqlConnectionStringBuilder connection)
    {
        string display = PostgreSqlConnectionString.Display(connection);
        return Scheme + display[display.IndexOf(':', StringComparison.Ordinal)..];
    }

    // Before anything is asked of it: neither relative, nor of another scheme, nor with more than host, port and path.
    private static Uri RequireHttpAddress(Uri address) =>
        address is { IsAbsoluteUri: true, Scheme: "http" or "https", UserInfo: "", Query: "", Fragment: "" }
            ? address
            : throw new ArgumentException(
                "The address of QuestDB's HTTP server is of the form http://host:9000, without user, password, query and fragment. Those "
                    + "of the connection string are used.",
                nameof(address));

    private static Uri HttpAddress(Uri? address, string hosts)
    {
        if (address is not null)
        {
            return RequireHttpAddress(address);
        }

        string host = hosts.Split(',')[0];
        return new UriBuilder("http", host.Contains(':') && !host.StartsWith('[') ? $"[{host}]" : host, DefaultHttpPort).Uri;
    }
}
