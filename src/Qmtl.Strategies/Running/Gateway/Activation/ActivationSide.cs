namespace Qmtl.Running.Gateway.Activation;

/// <summary>The side of a market on which a strategy acts.</summary>
public enum ActivationSide
{
    /// <summary>Buying, and what is held.</summary>
    Long,

    /// <summary>Selling what is not held.</summary>
    Short,

    /// <summary>Both; in documents only.</summary>
    All,
}
