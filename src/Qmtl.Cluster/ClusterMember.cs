namespace Qmtl.Cluster;

/// <summary>A member of a cluster: a process that does its share of the work.</summary>
/// <param name="Name">What it calls itself.</param>
/// <param name="Address">Where other members reach it, as <c>10.0.0.5:11111</c>.</param>
/// <param name="State">Joining, Active, ShuttingDown, Stopping, or Dead.</param>
/// <param name="Since">When it started.</param>
/// <param name="LastSeen">When it last said in the list of members that it lives.</param>
/// <param name="Streams">How many streams, pieces of streams and runs of strategies it has at hand; null where it is not active.</param>
public sealed record ClusterMember(string Name, string Address, string State, DateTimeOffset Since, DateTimeOffset LastSeen, int? Streams);
