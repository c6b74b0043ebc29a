using System.Net;
using Qmtl.Messages;

namespace Qmtl.Cluster.Silo;

/// <summary>How a process takes part in a cluster.</summary>
public sealed record ClusterMemberOptions
{
    /// <summary>Where the cluster is: its database, or this machine alone.</summary>
    public required ClusterAddress Address { get; init; }

    /// <summary>What the member calls itself.</summary>
    /// <value>Null by default: the machine's name and the process's number.</value>
    public string? Name { get; init; }

    /// <summary>The address of this machine at which other members and clients reach it, and at which alone it listens.</summary>
    /// <value>This machine alone (127.0.0.1) by default. Any other needs a certificate, or <see cref="AllowPlain"/>.</value>
    public IPAddress Listen { get; init; } = IPAddress.Loopback;

    /// <summary>The port for other members; 0 for any that is free.</summary>
    public int MemberPort { get; init; } = ClusterAddress.DefaultMemberPort;

    /// <summary>The port for clients; 0 for any that is free.</summary>
    public int ClientPort { get; init; } = ClusterAddress.DefaultClientPort;

    /// <summary>The certificate that all of the cluster have; null, the default, for none.</summary>
    public ClusterCertificate? Certificate { get; init; }

    /// <summary>Whether the member may listen at other addresses than loopback without a certificate; false by default.</summary>
    public bool AllowPlain { get; init; }

    /// <summary>
    /// How often a member is asked whether it lives. Three times without an answer, and others say so, and it is taken for gone.
    /// </summary>
    /// <value>2 seconds by default, so that its streams live elsewhere within some ten seconds.</value>
    public TimeSpan ProbeInterval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The folders whose assemblies of strategies it runs when it is asked to. Whoever may write there has it run what they
    /// like.</summary>
    /// <value>None by default: it runs none.</value>
    public IReadOnlyList<string> StrategyFolders { get; init; } = [];

    /// <summary>How many runs of strategies it computes at once.</summary>
    /// <value>As many as the machine has processors by default; at least 1.</value>
    public int RunsAtOnce { get; init; } = Environment.ProcessorCount;

    /// <summary>Checks what no single option can know.</summary>
    /// <exception cref="ArgumentException">The member would be open to strangers, the address names no place of members, or there is no
    /// such folder.</exception>
    public void Validate()
    {
        if (!IPAddress.IsLoopback(Listen) && Certificate is null && !AllowPlain)
        {
            throw new ArgumentException(
                $"A member that listens at {Listen} does what anybody who reaches it asks for. Give all of the cluster the same "
                    + "certificate (--certificate), or say that the network is your own (--insecure).");
        }

        if (Address.Database is null && !Address.IsLocalhost)
        {
            throw new ArgumentException(
                $"{Address} names members, and a new one needs the place where all are listed. Name the cluster's database "
                    + "(postgresql://…), or localhost for this machine alone.");
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(RunsAtOnce, 1, nameof(RunsAtOnce));
        if (StrategyFolders.FirstOrDefault(static folder => !Directory.Exists(folder)) is { } missing)
        {
            throw new ArgumentException(
                $"There is no folder {PlainText.OneLine(missing)} for assemblies of strategies. Make it, or name another one "
                    + "(--strategies).");
        }
    }
}
