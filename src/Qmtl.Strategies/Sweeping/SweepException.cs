using Qmtl.Fetching;
using Qmtl.History;
using Qmtl.Strategies;

namespace Qmtl.Sweeping;

/// <summary>
/// A run of a sweep could not be made, or failed. It is the same on this machine and on a member of a cluster. The message is written for
/// an operator; of what a strategy's own code throws, it holds the message.
/// </summary>
public sealed class SweepException : Exception
{
    /// <summary>A failure.</summary>
    /// <param name="reason">What went wrong.</param>
    /// <param name="message">The sentence.</param>
    /// <param name="innerException">What it came of; null where nothing was thrown, or where that stayed on another machine.</param>
    public SweepException(SweepFailure reason, string message, Exception? innerException = null)
        : base(message, innerException) => Reason = reason;

    /// <summary>What went wrong.</summary>
    public SweepFailure Reason { get; }

    /// <summary>The failure that an error of a replay is; null for what should not have happened.</summary>
    internal static SweepException? Of(Exception error) => error switch
    {
        SweepException sweep => sweep,
        NodeFailedException => new(SweepFailure.Node, error.Message, error),
        MissingBarsException => new(SweepFailure.MissingBars, error.Message, error),
        StoreException or SourceException => new(SweepFailure.History, error.Message, error),
        _ => null,
    };
}

/// <summary>What went wrong with a run of a sweep.</summary>
public enum SweepFailure
{
    /// <summary>It could not be made: the assembly, the strategy's type, a parameter, or its nodes are wrong.</summary>
    Strategy,

    /// <summary>A node threw. The results before it are there.</summary>
    Node,

    /// <summary>A bar is missing where none may. The results before it are there.</summary>
    MissingBars,

    /// <summary>The history cannot be read.</summary>
    History,
}
