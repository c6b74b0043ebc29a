namespace Qmtl.Simulation.Faults;

/// <summary>What is to go wrong with a <see cref="SimulatedExchange"/>'s answers.</summary>
public sealed class SimulatedFaults : FaultScript<SimulatedRequest, SimulatedFault>;
