namespace Qmtl.Simulation.Gateway;

/// <summary>One request that a <see cref="SimulatedGateway"/> received.</summary>
/// <param name="Number">Its number on its route since the gateway started, from 1.</param>
/// <param name="Route">What was asked.</param>
/// <param name="Time">When it came, by the gateway's clock.</param>
/// <param name="Target">Path and parameters, as they were sent.</param>
/// <param name="Authorization">Its <c>Authorization</c> header; empty for none.</param>
/// <param name="Body">Its body as text; empty for none.</param>
public sealed record SimulatedGatewayRequest(long Number, GatewayRoute Route, DateTimeOffset Time, string Target, string Authorization, string Body);
