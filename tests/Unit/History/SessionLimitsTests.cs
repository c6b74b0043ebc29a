using Npgsql;
using Qmtl.History.Relational.PostgreSql;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.History;

[Collection(PostgreSqlCollection.Name)]
public sealed class SessionLimitsTests(PostgreSqlServer server)
{
    [PostgreSqlTheory]
    [InlineData("", "10s", "30s")]
    [InlineData("-c lock_timeout=3s", "3s", "30s")]
    [InlineData("-c lock_timeout=3s -c idle_in_transaction_session_timeout=4s", "3s", "4s")]
    public async Task Every_transaction_has_the_limits_and_keeps_what_an_operator_has_set(string options, string lockTimeout, string idle)
    {
        var limits = new SessionLimits();
        var asked = new List<string>();
        await using NpgsqlDataSource source = NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(server.ConnectionStringOf(await server.CreateDatabaseAsync())) { Options = options });
        for (int turn = 0; turn < 3; turn++)
        {
            await using NpgsqlConnection connection = await source.OpenConnectionAsync();
            await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync();
            NpgsqlBatchCommand set = limits.CreateCommand(connection);
            asked.Add(set.CommandText);
            await using (var batch = new NpgsqlBatch(connection, transaction) { BatchCommands = { set } })
            await using (NpgsqlDataReader reader = await batch.ExecuteReaderAsync())
            {
                await limits.ReadAsync(connection, reader, CancellationToken.None);
            }

            Assert.Equal((lockTimeout, idle, "60000"), (
                await ShowAsync(connection, "lock_timeout"),
                await ShowAsync(connection, "idle_in_transaction_session_timeout"),
                OperatingSystem.IsLinux() ? await ShowAsync(connection, "tcp_user_timeout") : "60000"));
            await transaction.RollbackAsync();
            Assert.Equal(options.Contains("lock_timeout", StringComparison.Ordinal) ? lockTimeout : "0", await ShowAsync(connection, "lock_timeout"));
        }

        Assert.Equal([true, false, false], asked.Select(static sql => sql.Contains("pg_settings", StringComparison.Ordinal)));
    }

    private static async Task<string> ShowAsync(NpgsqlConnection connection, string setting)
    {
        await using var command = new NpgsqlCommand($"SHOW {setting}", connection);
        return (string)(await command.ExecuteScalarAsync())!;
    }
}
