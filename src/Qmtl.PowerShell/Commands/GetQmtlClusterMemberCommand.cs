using System.Management.Automation;
using Qmtl.PowerShell.Arguments;
using Qmtl.PowerShell.Backfill;
using Qmtl.PowerShell.Output;
using Qmtl.PowerShell.Pipeline;

namespace Qmtl.PowerShell.Commands;

/// <summary>Shows the members of a cluster.</summary>
[Cmdlet(VerbsCommon.Get, "QmtlClusterMember")]
[OutputType(typeof(ClusterMemberRow))]
public sealed class GetQmtlClusterMemberCommand : AsyncCommand
{
    /// <summary>Where the cluster is: its database, a member, or localhost.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ValidateNotNullOrEmpty]
    public string Cluster { get; set; } = string.Empty;

    /// <summary>Names of members, with wildcards; all by default.</summary>
    [Parameter(Position = 1)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Name { get; set; } = ["*"];

    /// <summary>The file of PEM with the certificate and key that all of the cluster have.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? ClusterCertificate { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        string? certificate = ClusterCertificate is null ? null : ArgumentPath.Resolve(this, ClusterCertificate);
        Run(cancellationToken => ShowAsync(certificate, cancellationToken));
    }

    private async Task ShowAsync(string? certificate, CancellationToken cancellationToken)
    {
        WildcardPattern[] patterns = [.. Name.Select(static name => new WildcardPattern(name, WildcardOptions.IgnoreCase))];
        await using ClusterRun cluster = await ClusterRun.ConnectAsync(Cluster, certificate, cancellationToken);
        await OutputAsync(
            (await cluster.GetMembersAsync())
                .Where(member => Array.Exists(patterns, pattern => pattern.IsMatch(member.Name)))
                .Select(static member => new ClusterMemberRow(member)));
    }
}
