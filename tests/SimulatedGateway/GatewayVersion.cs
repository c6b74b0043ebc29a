namespace Qmtl.Simulation.Gateway;

/// <summary>The versions of the gateway that a <see cref="SimulatedGateway"/> can be.</summary>
public enum GatewayVersion
{
    /// <summary>Of 5 September 2025: ids of SHA-256, one activation for a world, no dry run.</summary>
    August2025,

    /// <summary>Of 30 September 2025: ids of BLAKE3, dry runs, <c>world_id</c> or <c>world_ids</c>.</summary>
    September2025,

    /// <summary>Of 24 April 2026: <c>world_ids</c> only, and a schema version is needed.</summary>
    April2026,
}
