using System.Management.Automation;
using Qmtl.Cluster;
using Qmtl.Time;

namespace Qmtl.PowerShell.Output;

/// <summary>
/// A member of a cluster: texts and numbers to .NET, and to scripts what the Get methods give (see <see cref="ShellProperties"/>).
/// </summary>
public sealed class ClusterMemberRow
{
    private readonly long _since;
    private readonly long _lastSeen;

    internal ClusterMemberRow(ClusterMember member)
    {
        (Name, Address, State, Streams) = (member.Name, member.Address, member.State, member.Streams);
        (_since, _lastSeen) = (member.Since.ToUnixTimeSeconds(), member.LastSeen.ToUnixTimeSeconds());
    }

    /// <summary>What it calls itself.</summary>
    public string Name { get; }

    /// <summary>Where other members reach it.</summary>
    public string Address { get; }

    /// <summary>Joining, Active, ShuttingDown, Stopping, or Dead.</summary>
    public string State { get; }

    /// <summary>When it started, UTC.</summary>
    public string Since => UnixTime.Format(_since);

    /// <summary>When it last said in the list of members that it lives, UTC.</summary>
    public string LastSeen => UnixTime.Format(_lastSeen);

    /// <summary>How many streams, pieces of streams and runs of strategies it has at hand; null where it is not active.</summary>
    public int? Streams { get; }

    /// <summary>When it started, as a time.</summary>
    public static UtcTime? GetSince(PSObject row) => row?.BaseObject is ClusterMemberRow member ? UtcTime.Of(member._since) : null;

    /// <summary>When it last said that it lives, as a time.</summary>
    public static UtcTime? GetLastSeen(PSObject row) => row?.BaseObject is ClusterMemberRow member ? UtcTime.Of(member._lastSeen) : null;

    /// <summary>Name and address.</summary>
    public override string ToString() => $"{Name} at {Address}";
}
