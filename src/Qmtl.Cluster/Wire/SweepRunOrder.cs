using Qmtl.Strategies;
using Qmtl.Sweeping;
using Qmtl.Time;

namespace Qmtl.Cluster.Wire;

/// <summary>
/// A run of a strategy. Store and assembly are named, and each member knows by its own configuration what they are: neither a secret nor
/// code travels.
/// </summary>
[GenerateSerializer]
[Immutable]
[Alias("qmtl.sweep-order")]
public sealed record SweepRunOrder
{
    /// <summary>The store, by <see cref="History.StoreInfo.Identity"/>.</summary>
    [Id(0)]
    public required string Store { get; init; }

    /// <summary>The assembly's file as members have it: inside a folder of theirs, or its whole path there.</summary>
    [Id(1)]
    public required string Assembly { get; init; }

    /// <summary>The only build of it that is meant (<see cref="StrategyAssembly.Build"/>); null for whichever the member has.</summary>
    [Id(2)]
    public string? Build { get; init; }

    /// <inheritdoc cref="SweepOrder.Strategy"/>
    [Id(3)]
    public required string Strategy { get; init; }

    /// <inheritdoc cref="SweepOrder.Parameters"/>
    [Id(4)]
    public required string Parameters { get; init; }

    /// <summary>The first bar: Unix seconds, UTC.</summary>
    [Id(5)]
    public required long Start { get; init; }

    /// <summary>The last bar: Unix seconds, UTC.</summary>
    [Id(6)]
    public required long End { get; init; }

    /// <inheritdoc cref="SweepOrder.Order"/>
    [Id(7)]
    public BarOrder Order { get; init; }

    /// <inheritdoc cref="SweepOrder.OnMissing"/>
    [Id(8)]
    public OnMissing OnMissing { get; init; }

    /// <inheritdoc cref="SweepOrder.ResultsPerNode"/>
    [Id(9)]
    public int? ResultsPerNode { get; init; }

    /// <summary>The order as it travels.</summary>
    public static SweepRunOrder Of(SweepOrder order, string store, string assembly, string? build) => new()
    {
        Store = store,
        Assembly = assembly,
        Build = build,
        Strategy = order.Strategy,
        Parameters = order.Parameters,
        Start = order.Range.Start,
        End = order.Range.End,
        Order = order.Order,
        OnMissing = order.OnMissing,
        ResultsPerNode = order.ResultsPerNode,
    };

    /// <summary>The order as it was given.</summary>
    public SweepOrder ToOrder() => new()
    {
        Strategy = Strategy,
        Parameters = Parameters,
        Range = new TimeRange(Start, End),
        Order = Order,
        OnMissing = OnMissing,
        ResultsPerNode = ResultsPerNode,
    };
}
