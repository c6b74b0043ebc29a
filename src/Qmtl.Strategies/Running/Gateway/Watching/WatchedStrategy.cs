namespace Qmtl.Running.Gateway.Watching;

/// <summary>What is watched, where, by which clock, and who is told.</summary>
internal sealed record WatchedStrategy(GatewayClient Client, string WorldId, string StrategyId, TimeProvider Clock, Action<GatewayEvent> Raise);
