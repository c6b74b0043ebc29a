using Qmtl.Sweeping;
using Qmtl.Time;

namespace Qmtl.Cluster.Wire;

/// <summary>What a member tells of a run of a strategy.</summary>
[GenerateSerializer]
[Immutable]
[Alias("qmtl.sweep-news")]
public abstract record SweepNews;

/// <summary>The member runs it.</summary>
[GenerateSerializer, Immutable, Alias("qmtl.sweep-taken")]
public sealed record SweepTaken(string Member, string Build) : SweepNews;

/// <summary>The member runs as many as it may.</summary>
[GenerateSerializer, Immutable, Alias("qmtl.sweep-busy")]
public sealed record SweepBusy : SweepNews;

/// <summary>
/// The member has no such assembly or store; another one may. What a member says that runs no strategies is no help where another one
/// runs some.
/// </summary>
[GenerateSerializer, Immutable, Alias("qmtl.sweep-refused")]
public sealed record SweepRefused(string Member, bool RunsNone, TravellingError Error) : SweepNews;

/// <summary>Results, in columns (<see cref="SweepPage"/>).</summary>
[GenerateSerializer, Immutable, Alias("qmtl.sweep-results")]
public sealed record SweepResults(
    string[] Names, string[] NodeIds, long[] Intervals, int[] Nodes, long[] Timestamps, double[] Numbers, object?[]? Others) : SweepNews
{
    /// <summary>A page as it travels.</summary>
    internal static SweepResults Of(SweepPage page) => new(
        [.. page.NewNodes.Select(static node => node.Name)],
        [.. page.NewNodes.Select(static node => node.NodeId)],
        [.. page.NewNodes.Select(static node => node.Interval.Number)],
        page.Nodes,
        page.Timestamps,
        page.Numbers,
        page.Others);

    /// <summary>The page as it was.</summary>
    internal SweepPage ToPage() => new(
        [.. Names.Select((name, at) => new SweepNode(name, NodeIds[at], BarInterval.FromNumber(Intervals[at])))],
        Nodes,
        Timestamps,
        Numbers,
        Others);
}

/// <summary>The run has ended.</summary>
[GenerateSerializer, Immutable, Alias("qmtl.sweep-ended")]
public sealed record SweepEnded(long Bars, long Results, TimeSpan Duration, string[] Warnings, TravellingError? Error) : SweepNews
{
    /// <summary>An end as it travels.</summary>
    internal static SweepEnded Of(SweepEnd end) => new(end.Bars, end.Results, end.Duration, end.Warnings, TravellingError.Of(end.Error));

    /// <summary>The end as it was.</summary>
    internal SweepEnd ToEnd() => new(Bars, Results, Duration, Warnings, Error?.ToException());
}
