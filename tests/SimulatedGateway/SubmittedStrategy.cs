namespace Qmtl.Simulation.Gateway;

/// <summary>A strategy that a <see cref="SimulatedGateway"/> took.</summary>
/// <param name="StrategyId">The id it was given.</param>
/// <param name="WorldId">The world.</param>
/// <param name="NodeIds">The ids of its nodes, in DAG order.</param>
/// <param name="DagJson">The DAG as JSON, decoded.</param>
/// <param name="MetaJson">What else was told, as JSON; <c>null</c> for nothing.</param>
public sealed record SubmittedStrategy(string StrategyId, string WorldId, IReadOnlyList<string> NodeIds, string DagJson, string MetaJson);
