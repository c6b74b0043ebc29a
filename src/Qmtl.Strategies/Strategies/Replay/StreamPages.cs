using Qmtl.Data;
using Qmtl.Streams;
using Qmtl.Time;

namespace Qmtl.Strategies.Replay;

/// <summary>What the streams' providers have inside a range, a page at a time.</summary>
internal sealed class StreamPages : IReplayPages
{
    private readonly IAsyncEnumerator<BarFrame>[] _pages;

    public StreamPages(IReadOnlyList<StreamInput> streams, TimeRange range, CancellationToken cancellationToken) =>
        _pages = [.. streams.Select(stream => stream.ReadHistoryAsync(range, cancellationToken).GetAsyncEnumerator(cancellationToken))];

    public async ValueTask<BarFrame?> NextAsync(int stream) => await _pages[stream].MoveNextAsync() ? _pages[stream].Current : null;

    public async ValueTask DisposeAsync()
    {
        foreach (IAsyncEnumerator<BarFrame> pages in _pages)
        {
            await pages.DisposeAsync();
        }
    }
}
