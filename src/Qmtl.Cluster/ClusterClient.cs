using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Orleans.Configuration;
using Orleans.Messaging;

namespace Qmtl.Cluster;

/// <summary>A connection to a cluster, for whoever hands work to it. It is no member and does none.</summary>
public sealed class ClusterClient : IAsyncDisposable
{
    /// <summary>The patience of a question between processes of a cluster. Work that takes longer tells of itself meanwhile.</summary>
    internal static readonly TimeSpan ResponseTimeout = TimeSpan.FromSeconds(12);

    /// <summary>The patience of a question for news, whose answer takes some seconds at most; it is asked again.</summary>
    internal const string AskTimeout = "00:00:08";

    private static readonly TimeSpan ConnectPatience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan ConnectInterval = TimeSpan.FromMilliseconds(500);

    private readonly ServiceProvider _services;
    private readonly NpgsqlDataSource? _database;

    private ClusterClient(ClusterAddress address, ServiceProvider services, NpgsqlDataSource? database)
    {
        (Address, _services, _database) = (address, services, database);
        Grains = services.GetRequiredService<IClusterClient>();
    }

    /// <summary>Where the cluster is.</summary>
    public ClusterAddress Address { get; }

    /// <summary>What is asked.</summary>
    internal IGrainFactory Grains { get; }

    /// <summary>Connects.</summary>
    /// <param name="address">Where the cluster is.</param>
    /// <param name="certificate">The certificate of the cluster, where its members have one; null for none.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="ClusterException">No member answers.</exception>
    public static async Task<ClusterClient> ConnectAsync(
        ClusterAddress address, ClusterCertificate? certificate = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(address);
        NpgsqlDataSource? database = address.Database is { } connection
            ? new NpgsqlDataSourceBuilder(connection.ConnectionString).Build()
            : null;
        ServiceProvider services = CreateServices(address, certificate, database);
        try
        {
            foreach (IHostedService service in services.GetServices<IHostedService>())
            {
                await service.StartAsync(cancellationToken);
            }

            return new ClusterClient(address, services, database);
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            await services.DisposeAsync();
            await (database?.DisposeAsync() ?? ValueTask.CompletedTask);
            cancellationToken.ThrowIfCancellationRequested();
            throw error as ClusterException ?? new ClusterException(
                $"No member of the cluster {address} answers. Start one (qmtl join), or check the address"
                    + $"{(certificate is null ? " and whether the cluster wants a certificate" : " and the certificate")}.");
        }
    }

    /// <summary>The members, those that are gone with them as long as the cluster remembers them; the active ones first, then by name.</summary>
    /// <exception cref="ClusterException">The cluster does not answer.</exception>
    public async Task<IReadOnlyList<ClusterMember>> GetMembersAsync()
    {
        try
        {
            IManagementGrain management = Grains.GetGrain<IManagementGrain>(0);
            MembershipEntry[] entries = await management.GetDetailedHosts();
            SimpleGrainStatistic[] counts = await management.GetSimpleGrainStatistics();
            Dictionary<SiloAddress, int> streams = counts
                .Where(static count => count.GrainType.StartsWith("Qmtl.", StringComparison.Ordinal))
                .GroupBy(static count => count.SiloAddress)
                .ToDictionary(static group => group.Key, static group => group.Sum(count => count.ActivationCount));
            return
            [
                .. entries
                    .OrderBy(static entry => entry.Status == SiloStatus.Active ? 0 : 1)
                    .ThenBy(static entry => entry.SiloName, StringComparer.Ordinal)
                    .ThenByDescending(static entry => entry.StartTime)
                    .Select(entry => new ClusterMember(
                        entry.SiloName,
                        entry.SiloAddress.Endpoint.ToString(),
                        entry.Status.ToString(),
                        new DateTimeOffset(DateTime.SpecifyKind(entry.StartTime, DateTimeKind.Utc)),
                        new DateTimeOffset(DateTime.SpecifyKind(entry.IAmAliveTime, DateTimeKind.Utc)),
                        entry.Status == SiloStatus.Active ? streams.GetValueOrDefault(entry.SiloAddress) : null)),
            ];
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            // Also what a member meets that cannot read the list, an error of any type, which may not be known here.
            throw new ClusterException(
                $"The cluster {Address} does not say who its members are. Try again, and look whether the database of its list can be "
                    + "reached.",
                error);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        foreach (IHostedService service in _services.GetServices<IHostedService>().Reverse())
        {
            await service.StopAsync(patience.Token);
        }

        await _services.DisposeAsync();
        await (_database?.DisposeAsync() ?? ValueTask.CompletedTask);
    }

    private static ServiceProvider CreateServices(ClusterAddress address, ClusterCertificate? certificate, NpgsqlDataSource? database)
    {
        var services = new ServiceCollection();

        // What becomes of work is told by who hands it out; Orleans' own account of lost connections would be noise to an operator.
        services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.None));
        services.AddOrleansClient(client =>
        {
            client.Configure<ClusterOptions>(static options =>
                (options.ClusterId, options.ServiceId) = (ClusterAddress.ClusterId, ClusterAddress.ClusterId));
            client.Configure<ClientMessagingOptions>(static options => options.ResponseTimeout = ResponseTimeout);
            if (database is null)
            {
                client.UseStaticClustering([.. address.Members]);
            }
            else
            {
                client.Services.AddSingleton<IGatewayListProvider>(new PostgreSqlGateways(database, address.DisplayName));
                client.Configure<GatewayOptions>(static options => options.GatewayListRefreshPeriod = TimeSpan.FromSeconds(5));
            }

            if (certificate is not null)
            {
                client.UseTls(certificate.Apply);
            }

            DateTimeOffset until = DateTimeOffset.UtcNow + ConnectPatience;
            client.UseConnectionRetryFilter(async (_, cancellationToken) =>
            {
                await Task.Delay(ConnectInterval, cancellationToken);
                return DateTimeOffset.UtcNow < until;
            });
        });
        return services.BuildServiceProvider();
    }
}
