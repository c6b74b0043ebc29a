namespace Qmtl.Bench.Harness;

/// <summary>One row of the results: our side and another, each doing the same work and timing only the work itself.</summary>
/// <param name="What">What is done.</param>
/// <param name="Against">What it is compared with.</param>
/// <param name="Goal">What the ratio has to be.</param>
/// <param name="Ours">Does it our way; returns the time of the work without its preparation.</param>
/// <param name="Other">Does it the other way; null where the goal is about ours alone.</param>
internal sealed record Comparison(string What, string Against, Goal Goal, Func<Task<TimeSpan>> Ours, Func<Task<TimeSpan>>? Other = null);
