using Npgsql;
using Orleans.Messaging;

namespace Qmtl.Cluster;

/// <summary>
/// The members that a database lists, for clients. Orleans' own reader of that list comes with the whole of a member, which a client does
/// not need.
/// </summary>
internal sealed class PostgreSqlGateways(NpgsqlDataSource database, ClusterAddress address) : IGatewayListProvider
{
    /// <inheritdoc/>
    public TimeSpan MaxStaleness => TimeSpan.FromSeconds(5);

    /// <inheritdoc/>
    [Obsolete("Orleans does not ask for it any more.")]
    public bool IsUpdatable => true;

    /// <inheritdoc/>
    public Task InitializeGatewayListProvider() => Task.CompletedTask;

    /// <inheritdoc/>
    public async Task<IList<Uri>> GetGateways()
    {
        try
        {
            await using NpgsqlCommand command = database.CreateCommand(
                "SELECT address, client_port, generation FROM qmtl_member WHERE cluster = $1 AND status = $2 AND client_port > 0");
            command.Parameters.Add(new NpgsqlParameter { Value = ClusterAddress.ClusterId });
            command.Parameters.Add(new NpgsqlParameter { Value = (int)SiloStatus.Active });
            await using NpgsqlDataReader rows = await command.ExecuteReaderAsync();
            List<Uri> gateways = [];
            while (await rows.ReadAsync())
            {
                var address = System.Net.IPAddress.Parse(rows.GetString(0));
                gateways.Add(SiloAddress.New(address, rows.GetInt32(1), rows.GetInt32(2)).ToGatewayUri());
            }

            return gateways;
        }
        catch (PostgresException problem) when (problem.SqlState == PostgresErrorCodes.UndefinedTable)
        {
            return [];
        }
        catch (Exception problem) when (address.Explain(problem) is { } told)
        {
            throw told;
        }
    }
}
