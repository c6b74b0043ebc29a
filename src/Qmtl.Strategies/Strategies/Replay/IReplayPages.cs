using Qmtl.Data;

namespace Qmtl.Strategies.Replay;

/// <summary>Where the bars of a replay come from.</summary>
internal interface IReplayPages : IAsyncDisposable
{
    /// <summary>The next page of a stream, with at least one bar, all of them after those of the page before; null at its end.</summary>
    ValueTask<BarFrame?> NextAsync(int stream);
}
