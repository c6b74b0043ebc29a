using System.Reflection;
using Npgsql;

namespace Qmtl.Cluster.Silo;

/// <summary>
/// The tables of the list of members, and the statements by which Orleans reads and changes them. Whoever comes first makes them, while the
/// others wait.
/// </summary>
internal static class MembershipTables
{
    // "qmtl" and "orle" as numbers: what other programs lock in that database is not ours.
    private const long Lock = 0x716D_746C_6F72_6C65;

    private const string Script = "Qmtl.Cluster.MembershipTables.sql";

    /// <summary>Makes the tables where they are not there yet.</summary>
    /// <exception cref="ClusterException">The database cannot be reached, or refuses.</exception>
    public static async Task MakeAsync(NpgsqlDataSource database, ClusterAddress address, CancellationToken cancellationToken)
    {
        try
        {
            await using NpgsqlConnection connection = await database.OpenConnectionAsync(cancellationToken);
            await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
            await ExecuteAsync(connection, $"SELECT pg_advisory_xact_lock({Lock})", cancellationToken);
            await using (var look = new NpgsqlCommand("SELECT to_regclass('qmtl_member') IS NOT NULL", connection))
            {
                if (await look.ExecuteScalarAsync(cancellationToken) is true)
                {
                    return;
                }
            }

            await ExecuteAsync(connection, Read(Script), cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }
        catch (Exception problem) when (address.Explain(problem) is { } told)
        {
            throw told;
        }
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static string Read(string name)
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name)!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
