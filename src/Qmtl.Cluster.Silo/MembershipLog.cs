using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Qmtl.Cluster.Silo;

/// <summary>Tells who is in the cluster, as far as this member knows: when it has joined, and whenever one comes or goes.</summary>
internal sealed partial class MembershipLog(
    ClusterMemberOptions options, IClusterMembershipService membership, ILocalSiloDetails own, ILoggerFactory loggerFactory)
    : BackgroundService
{
    private readonly ILogger _logger = loggerFactory.CreateLogger<ClusterMemberHost>();

    /// <inheritdoc/>
    public override Task StartAsync(CancellationToken cancellationToken)
    {
        Joining(
            own.Name,
            own.SiloAddress.Endpoint.ToString(),
            own.GatewayAddress?.Endpoint.ToString(),
            options.Address.DisplayName,
            own.ClusterId);
        return base.StartAsync(cancellationToken);
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        string[] before = [];
        await foreach (ClusterMembershipSnapshot snapshot in membership.MembershipUpdates.WithCancellation(stoppingToken))
        {
            string[] active =
            [
                .. snapshot.Members.Values
                    .Where(static member => member.Status == SiloStatus.Active)
                    .Select(static member => $"{member.Name} at {member.SiloAddress.Endpoint}")
                    .Order(StringComparer.Ordinal),
            ];
            if (!active.SequenceEqual(before))
            {
                before = active;
                Members(active.Length, string.Join(", ", active), snapshot.Version.Value);
            }
        }
    }

    [LoggerMessage(
        8010,
        LogLevel.Debug,
        "{member} joins the cluster {cluster_id} of {cluster} at {address}, for clients at {client_address}. It asks those who are listed "
            + "there whether they hear it.",
        EventName = "cluster.join")]
    private partial void Joining(string member, string address, string? client_address, string cluster, string cluster_id);

    [LoggerMessage(
        8011,
        LogLevel.Information,
        "The list of members, version {version}, has {active} that are active: {members}.",
        EventName = "cluster.members")]
    private partial void Members(int active, string members, long version);
}
