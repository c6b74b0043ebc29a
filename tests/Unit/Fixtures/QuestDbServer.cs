using System.Globalization;
using Npgsql;

namespace Qmtl.Unit.Fixtures;

/// <summary>
/// The QuestDB of the tests, named by the environment variable <c>QMTL_TEST_QUESTDB</c>, for example
/// <c>postgresql://admin:quest@127.0.0.1:8812/qdb</c>. Tests drop its tables, so it must be a server of their own: one that holds
/// tables when tests first meet it is left alone, and every test fails with that reason.
/// </summary>
public sealed class QuestDbServer : IAsyncLifetime
{
    public const string Variable = "QMTL_TEST_QUESTDB";

    // Says that the server is the tests' own.
    private const string Marker = "qmtl_test_server";

    private readonly NpgsqlDataSource? _dataSource = ConnectionString is null ? null : CreateDataSource();

    /// <summary>The connection string; null where none is set.</summary>
    public static string? ConnectionString { get; } = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } text ? text : null;

    /// <summary>Why tests that need the server are skipped; null where they need not be.</summary>
    public static string? MissingReason { get; } = ConnectionString is not null
        ? null
        : $"needs a QuestDB of the tests' own: set {Variable}, for example to postgresql://admin:quest@127.0.0.1:8812/qdb (its tables are dropped)";

    /// <summary>The host and port of the PostgreSQL wire.</summary>
    public static (string Host, int Port) Address { get; } = AddressOf(ConnectionString);

    /// <summary>An open connection.</summary>
    public async Task<NpgsqlConnection> ConnectAsync() => await _dataSource!.OpenConnectionAsync();

    /// <summary>Runs a statement and waits until what it wrote can be read.</summary>
    public async Task ExecuteAsync(string sql)
    {
        await using NpgsqlConnection connection = await ConnectAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
        command.CommandText = "SELECT count(wait_wal_table(name)) FROM wal_tables() WHERE NOT suspended";
        foreach (string table in await QueryAsync<string>("SELECT name FROM wal_tables() WHERE NOT suspended"))
        {
            command.CommandText = $"SELECT wait_wal_table('{table.Replace("'", "''", StringComparison.Ordinal)}')";
            await command.ExecuteNonQueryAsync();
        }
    }

    /// <summary>Has a table no longer apply what is written to it; <c>ALTER TABLE … RESUME WAL</c> ends that.</summary>
    /// <param name="table">The table.</param>
    /// <param name="reason">The error's tag and message, in quotes, that the server is to give; none where empty.</param>
    /// <exception cref="InvalidOperationException">The server is not in development mode, and only one that is can be told to.</exception>
    public async Task SuspendAsync(string table, string reason = "")
    {
        try
        {
            await ExecuteAsync($"ALTER TABLE \"{table}\" SUSPEND WAL{(reason.Length > 0 ? $" WITH {reason}" : string.Empty)}");
        }
        catch (PostgresException error) when (error.MessageText.Contains("dev mode", StringComparison.Ordinal))
        {
            throw new InvalidOperationException($"The server of {Variable} has to run in development mode: put dev.mode.enabled=true in its server.conf.", error);
        }
    }

    /// <summary>The first column of a query's answer.</summary>
    public async Task<List<T>> QueryAsync<T>(string sql)
    {
        await using NpgsqlConnection connection = await ConnectAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
        var values = new List<T>();
        while (await reader.ReadAsync())
        {
            values.Add((T)Convert.ChangeType(reader.GetValue(0), typeof(T), CultureInfo.InvariantCulture));
        }

        return values;
    }

    /// <summary>Drops every table of earlier tests.</summary>
    public async Task ResetAsync()
    {
        foreach (string table in await TablesAsync())
        {
            if (table != Marker)
            {
                await ExecuteAsync($"DROP TABLE IF EXISTS \"{table}\"");
            }
        }
    }

    public async Task InitializeAsync()
    {
        if (_dataSource is null)
        {
            return;
        }

        List<string> tables = await TablesAsync();
        if (tables.Count > 0 && !tables.Contains(Marker))
        {
            throw new InvalidOperationException(
                $"The server of {Variable} holds tables ({string.Join(", ", tables.Take(5))}), which tests would drop. Name an empty server, or make a table {Marker} in this one to say that all may go.");
        }

        await ExecuteAsync($"CREATE TABLE IF NOT EXISTS {Marker} (ts TIMESTAMP)");
    }

    public async Task DisposeAsync()
    {
        if (_dataSource is not null)
        {
            await ResetAsync();
            await _dataSource.DisposeAsync();
        }
    }

    private static (string Host, int Port) AddressOf(string? text)
    {
        if (text is null)
        {
            return default;
        }

        NpgsqlConnectionStringBuilder connection = Qmtl.History.Relational.PostgreSql.PostgreSqlConnectionString.Parse(text, null);
        return (connection.Host!, connection.Port);
    }

    private static NpgsqlDataSource CreateDataSource()
    {
        NpgsqlConnectionStringBuilder connection = Qmtl.History.Relational.PostgreSql.PostgreSqlConnectionString.Parse(ConnectionString!, null);
        return new NpgsqlDataSourceBuilder(connection.ConnectionString).ConfigureTypeLoading(types => types.EnableTypeLoading(false)).Build();
    }

    private Task<List<string>> TablesAsync() =>
        QueryAsync<string>("SELECT table_name FROM tables() WHERE NOT starts_with(table_name, 'sys.') AND NOT starts_with(table_name, 'telemetry')");
}
