using Qmtl.Data;
using Qmtl.Streams;

namespace Qmtl.Strategies.Replay;

/// <summary>What the streams' caches hold as the replay begins: one page a stream, copied, so that live bars may come meanwhile.</summary>
internal sealed class CachePages(IReadOnlyList<StreamInput> streams) : IReplayPages
{
    private readonly bool[] _taken = new bool[streams.Count];

    public ValueTask<BarFrame?> NextAsync(int stream) => ValueTask.FromResult(Next(stream));

    /// <summary>The stream's one page; null the second time, and where the cache is empty.</summary>
    public BarFrame? Next(int stream)
    {
        StreamInput input = streams[stream];
        int count = _taken[stream] ? 0 : input.Cache.Count(input.Key);
        _taken[stream] = true;
        return count > 0 ? input.Cache.Slice(input.Key, count) : null;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
