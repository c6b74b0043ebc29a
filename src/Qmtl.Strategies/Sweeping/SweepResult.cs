using Qmtl.Time;

namespace Qmtl.Sweeping;

/// <summary>What became of one run of a sweep. The same run gives the same results on every machine, to the bit.</summary>
public sealed record SweepResult
{
    /// <summary>What was asked for.</summary>
    public required SweepOrder Order { get; init; }

    /// <summary>Which of the sweep's orders it is, from 1.</summary>
    public required int Run { get; init; }

    /// <summary>How it ended.</summary>
    public required SweepStatus Status { get; init; }

    /// <summary>The member of a cluster that ran it; null where this process did, or none.</summary>
    public string? Member { get; init; }

    /// <summary>The build of the assembly that was run (<see cref="StrategyAssembly.Build"/>); null where it was not found.</summary>
    public string? Build { get; init; }

    /// <summary>How many bars of all streams were replayed.</summary>
    public long Bars { get; init; }

    /// <summary>How many results all nodes gave, kept or not.</summary>
    public long Results { get; init; }

    /// <summary>How long it computed.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>What an operator must know, such as streams of different intervals.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>Why it failed; null where it did not.</summary>
    public Exception? Error { get; init; }

    /// <summary>The kept results, in the order in which they were computed.</summary>
    /// <value>None by default. Those of a run that failed are the ones before the failure.</value>
    public IReadOnlyList<SweepValue> Values { get; init; } = [];

    /// <summary>The newest result of each node, in the order of the nodes' first ones.</summary>
    public IReadOnlyList<SweepValue> Last => Values is SweepValues { Last: var last }
        ? last
        : [.. Values.GroupBy(static value => value.Node).Select(static group => group.Last())];
}

/// <summary>How a run of a sweep ended.</summary>
public enum SweepStatus
{
    /// <summary>It came to its end.</summary>
    Completed,

    /// <summary>It could not be made, or failed; <see cref="SweepResult.Error"/> says why.</summary>
    Failed,

    /// <summary>It was stopped, or had not begun when the sweep was.</summary>
    Cancelled,
}

/// <summary>A node of a run, as its results name it.</summary>
/// <param name="Name">What people call it.</param>
/// <param name="NodeId">Its id.</param>
/// <param name="Interval">The interval of its results.</param>
public sealed record SweepNode(string Name, string NodeId, BarInterval Interval);

/// <summary>What a node of a run computed for one bar.</summary>
/// <param name="Node">The node.</param>
/// <param name="Timestamp">The open of the bar: Unix seconds, UTC.</param>
/// <param name="Value">
/// A number as <see cref="double"/>; text, a truth value, a <see cref="long"/> or <see cref="decimal"/> as it is; a bar or any other
/// object as the text of its JSON.
/// </param>
public readonly record struct SweepValue(SweepNode Node, long Timestamp, object Value);
