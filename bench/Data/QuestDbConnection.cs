using Npgsql;

namespace Qmtl.Bench.Data;

/// <summary>
/// The QuestDB to measure against, named by the environment variable <c>QMTL_TEST_QUESTDB</c>; its HTTP server is on port 9000 of the same
/// host.
/// </summary>
internal sealed class QuestDbConnection : IAsyncDisposable
{
    private const string Variable = "QMTL_TEST_QUESTDB";

    private readonly NpgsqlDataSource? _dataSource;

    public QuestDbConnection()
    {
        ConnectionString = Environment.GetEnvironmentVariable(Variable) ?? string.Empty;
        if (!Uri.TryCreate(ConnectionString, UriKind.Absolute, out Uri? uri))
        {
            return;
        }

        string[] user = uri.UserInfo.Split(':', 2);
        var connection = new NpgsqlConnectionStringBuilder
        {
            Host = uri.Host,
            Port = uri.Port,
            Username = Uri.UnescapeDataString(user[0]),
            Password = Uri.UnescapeDataString(user[^1]),
            Database = uri.AbsolutePath.Trim('/'),
            SslMode = SslMode.Disable,
        };
        _dataSource = new NpgsqlDataSourceBuilder(connection.ConnectionString).ConfigureTypeLoading(types => types.EnableTypeLoading(false)).Build();
        Http = new UriBuilder("http", uri.Host, 9000).Uri;
    }

    /// <summary>As the store takes it.</summary>
    public string ConnectionString { get; }

    /// <summary>The HTTP server.</summary>
    public Uri? Http { get; }

    /// <summary>Why there is nothing to measure against; null where there is.</summary>
    public string? MissingReason => _dataSource is null ? $"{Variable} does not name a QuestDB, for example postgresql://admin:quest@127.0.0.1:8812/qdb" : null;

    /// <summary>An open connection.</summary>
    public async Task<NpgsqlConnection> OpenAsync() => await _dataSource!.OpenConnectionAsync();

    /// <summary>Runs a statement.</summary>
    public async Task ExecuteAsync(string sql)
    {
        await using NpgsqlCommand command = _dataSource!.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Waits, on the server, until all that was committed to the table can be read.</summary>
    public Task UntilReadableAsync(string table) => ExecuteAsync($"SELECT wait_wal_table('{table}')");

    public async ValueTask DisposeAsync()
    {
        if (_dataSource is not null)
        {
            await _dataSource.DisposeAsync();
        }
    }
}
