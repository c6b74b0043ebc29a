using Qmtl.Simulation.Faults;

namespace Qmtl.Simulation.Gateway;

/// <summary>What is to go wrong with a <see cref="SimulatedGateway"/>'s answers, for each of its routes.</summary>
public sealed class GatewayFaults
{
    private readonly FaultScript<SimulatedGatewayRequest, GatewayFault>[] _scripts = [new(), new(), new(), new(), new()];

    /// <summary>What is to go wrong on one route.</summary>
    public FaultScript<SimulatedGatewayRequest, GatewayFault> this[GatewayRoute route] => _scripts[(int)route];
}
