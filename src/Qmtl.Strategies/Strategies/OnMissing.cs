namespace Qmtl.Strategies;

/// <summary>What happens where a bar does not directly follow the one before it.</summary>
public enum OnMissing
{
    /// <summary>The node has no result for this bar; the run goes on.</summary>
    Skip,

    /// <summary>The run ends with an error that names the node, the stream and the bar.</summary>
    Fail,
}
