namespace Qmtl.Simulation.Gateway;

/// <summary>How much a gateway still does.</summary>
public enum GatewayLevel
{
    /// <summary>Everything.</summary>
    Normal,

    /// <summary>It takes no strategies.</summary>
    Minimal,

    /// <summary>It answers nothing.</summary>
    Static,
}
