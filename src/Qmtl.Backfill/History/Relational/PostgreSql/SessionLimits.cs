using System.Collections.Concurrent;
using System.Data.Common;
using Npgsql;

namespace Qmtl.History.Relational.PostgreSql;

/// <summary>
/// The limits of a transaction that writes. It holds locks that others wait for: so one whose client is paused, or cannot be reached any
/// more, ends; and one that waits gives up after a while and says for whom. What the operator has set for the user or the database stays.
/// </summary>
internal sealed class SessionLimits
{
    /// <summary>Sets the limits that are as the server came with them, and tells each with its value.</summary>
    public const string Sql = """
        SELECT wanted.name, set_config(wanted.name, wanted.value, true)
        FROM (VALUES ('lock_timeout', '10s'), ('idle_in_transaction_session_timeout', '30s'), ('client_connection_check_interval', '10s'),
            ('tcp_keepalives_idle', '30'), ('tcp_keepalives_interval', '10'), ('tcp_keepalives_count', '3'),
            ('tcp_user_timeout', '60000')) AS wanted(name, value)
        JOIN pg_settings AS present ON present.name = wanted.name AND present.source = 'default'
        WHERE version() LIKE '%linux%' OR wanted.name NOT IN ('client_connection_check_interval', 'tcp_user_timeout')
        """;

    // Whose settings they are takes a server longer to tell than a small write takes, and stays as it is for years; so each server is asked
    // once. What an operator sets afterwards holds for those who start afterwards.
    private readonly ConcurrentDictionary<(string? Host, int Port), string> _known = new();

    /// <summary>The statement that sets the limits; its rows are for <see cref="ReadAsync"/>.</summary>
    public NpgsqlBatchCommand CreateCommand(NpgsqlConnection connection) =>
        new(_known.GetValueOrDefault((connection.Host, connection.Port), Sql));

    /// <summary>Reads what the statement of <see cref="CreateCommand"/> tells.</summary>
    public async Task ReadAsync(NpgsqlConnection connection, DbDataReader reader, CancellationToken cancellationToken)
    {
        // Where the server is known, it tells no names.
        if (reader.FieldCount != 2)
        {
            return;
        }

        List<string> limits = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            limits.Add($"set_config({SqlText.Literal(reader.GetString(0))}, {SqlText.Literal(reader.GetString(1))}, true)");
        }

        _known[(connection.Host, connection.Port)] = limits.Count == 0 ? "SELECT 1" : $"SELECT concat({string.Join(", ", limits)})";
    }
}
