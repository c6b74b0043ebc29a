namespace Qmtl.Strategies;

/// <summary>What happens where a stream's bar does not directly follow the one before it. A node that computes nothing for a bar leaves no gap.</summary>
public enum OnMissing
{
    /// <summary>The node has no result for this bar; the run goes on.</summary>
    Skip,

    /// <summary>The run ends with an error that names the node, the stream and the bar.</summary>
    Fail,
}
