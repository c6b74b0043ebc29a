using Qmtl.Streams;

namespace Qmtl.Strategies;

/// <summary>How a <see cref="Pipeline"/> works.</summary>
public sealed record PipelineOptions
{
    /// <summary>What happens where a bar does not directly follow the one before it.</summary>
    /// <value><see cref="OnMissing.Skip"/> by default.</value>
    public OnMissing OnMissing { get; init; }

    /// <summary>
    /// Whether nodes that do not compute from one another compute at once. Results and their order are the same either way; of a node
    /// that throws too, except that other nodes may have computed some bars beyond.
    /// </summary>
    /// <value>False by default.</value>
    public bool Parallel { get; init; }

    /// <summary>The most nodes that compute at once where <see cref="Parallel"/> is set.</summary>
    /// <value>The number of processors by default; at least 1.</value>
    public int MaxDegreeOfParallelism { get; init; } = Environment.ProcessorCount;

    /// <summary>In which order bars are replayed. Those of one instant come in the order in which the streams are declared.</summary>
    /// <value>
    /// <see cref="BarOrder.Open"/> by default; a replay then warns of nodes that compute from streams of different intervals. With
    /// <see cref="BarOrder.Close"/>, what a bar makes a node compute belongs to the newest bar of the node's interval that has closed with
    /// it.
    /// </value>
    public BarOrder Order { get; init; }

    /// <summary>How many bars of all streams together are processed in one go.</summary>
    /// <value>2,048 by default; from 1 to 1,000,000.</value>
    public int BarsPerBatch { get; init; } = 2048;

    /// <summary>
    /// Where a replay's batches run: it is given the work and must run it once, on any thread it likes, before its task ends. A shell
    /// takes it to the one thread that scripts may run on.
    /// </summary>
    /// <value>Null, the default: on the thread that the replay has come to.</value>
    public Func<Action, Task>? Executor { get; init; }

    /// <summary>
    /// Whether a node may compute on any thread where <see cref="Parallel"/> is set; asked once of each node that says so itself
    /// (<see cref="Node.CanComputeInParallel"/>), before it computes. A shell says no for nodes whose code is bound to its own thread.
    /// </summary>
    /// <value>Null, the default: what the node says counts alone.</value>
    public Func<Node, bool>? CanComputeInParallel { get; init; }

    /// <summary>
    /// Told what an operator must know, such as a bar that came too late to compute from; on the thread that found it. It must return
    /// quickly and not throw.
    /// </summary>
    /// <value>Null by default: nobody is told. A <c>Runner</c> puts its own here.</value>
    public Action<string>? OnWarning { get; init; }

    /// <summary>Checks every option against its limits.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option is outside; the message names it and its limits.</exception>
    internal void Validate()
    {
        if (MaxDegreeOfParallelism < 1)
        {
            throw new ArgumentOutOfRangeException(
                nameof(MaxDegreeOfParallelism), MaxDegreeOfParallelism, $"{nameof(MaxDegreeOfParallelism)} must be at least 1.");
        }

        if (!Enum.IsDefined(Order))
        {
            throw new ArgumentOutOfRangeException(
                nameof(Order), Order, $"{nameof(Order)} must be {nameof(BarOrder.Open)} or {nameof(BarOrder.Close)}.");
        }

        if (BarsPerBatch is < 1 or > 1_000_000)
        {
            throw new ArgumentOutOfRangeException(
                nameof(BarsPerBatch), BarsPerBatch, $"{nameof(BarsPerBatch)} must be from 1 to 1,000,000.");
        }
    }
}

/// <summary>
/// What happens where a stream's bar does not directly follow the one before it. A node that computes nothing for a bar leaves no gap.
/// </summary>
public enum OnMissing
{
    /// <summary>The node has no result for this bar; the run goes on.</summary>
    Skip,

    /// <summary>The run ends with an error that names the node, the stream and the bar.</summary>
    Fail,
}
