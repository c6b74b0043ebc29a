namespace Qmtl.Simulation.Gateway;

/// <summary>What can be wrong with a gateway's answer.</summary>
public enum GatewayFaultKind
{
    /// <summary>Another status than the right one, with a body.</summary>
    Status,

    /// <summary>No answer until the client gives up.</summary>
    Stall,

    /// <summary>The right answer of the moment of the request, which comes only after something else has happened.</summary>
    Late,

    /// <summary>The connection is closed before a byte of the answer.</summary>
    ConnectionReset,

    /// <summary>The connection is closed after half of the right answer's body.</summary>
    HalfBody,

    /// <summary>The right answer without some of its fields.</summary>
    WithoutFields,

    /// <summary>The right status with a body of spaces.</summary>
    LongBody,
}
