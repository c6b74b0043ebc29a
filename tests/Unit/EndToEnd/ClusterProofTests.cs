using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.EndToEnd;

/// <summary>The proof of a cluster, small; docs/cluster.md tells how it is run in full.</summary>
public sealed class ClusterProofTests
{
    [NetworksFact]
    public async Task A_cluster_in_networks_of_its_own_survives_a_kill_a_cut_and_a_restart()
    {
        using var output = new StringWriter();

        Assert.True(await ClusterProof.RunInNetworksAsync(streams: 20, bars: 10_000, kept: 12, output) == 0, output.ToString());
    }

    /// <summary>A test that needs network namespaces and PostgreSQL, and is skipped with that reason where the machine has none.</summary>
    private sealed class NetworksFactAttribute : FactAttribute
    {
        public NetworksFactAttribute() => Skip = PostgreSqlBinaries.MissingReason ?? NetworkNamespaces.WhyNot();
    }
}
