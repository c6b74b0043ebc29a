namespace Qmtl.Simulation.Gateway;

/// <summary>What a <see cref="SimulatedGateway"/> can be asked.</summary>
public enum GatewayRoute
{
    /// <summary><c>POST /strategies</c>.</summary>
    Strategies,

    /// <summary><c>GET /worlds/{world_id}/activation</c>.</summary>
    Activation,

    /// <summary><c>POST /events/subscribe</c>.</summary>
    Subscribe,

    /// <summary>The WebSocket at <c>/ws/evt</c>, and at <c>/ws</c>.</summary>
    Stream,

    /// <summary><c>POST /strategies/dry-run</c>.</summary>
    DryRun,
}
