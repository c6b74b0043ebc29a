using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Qmtl.Data;

namespace Qmtl.Backfill;

/// <summary>Work that was handed to a <see cref="BackfillEngine"/>.</summary>
public sealed class BackfillJob
{
    private readonly Channel<BackfillResult> _results = Channel.CreateUnbounded<BackfillResult>(
        new UnboundedChannelOptions { SingleReader = true });

    internal BackfillJob(StreamKey stream) => Stream = stream;

    /// <summary>The stream that is completed.</summary>
    public StreamKey Stream { get; }

    /// <summary>
    /// Ends when every range has its result; it does not fail and is not cancelled, the results say how each range ended.
    /// </summary>
    public Task Completion { get; internal set; } = Task.CompletedTask;

    /// <summary>The result of each range as soon as it is done. To be read once.</summary>
    public async IAsyncEnumerable<BackfillResult> ReadResultsAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (BackfillResult result in _results.Reader.ReadAllAsync(cancellationToken))
        {
            yield return result;
        }

        await Completion;
    }

    internal void Add(BackfillResult result) => _results.Writer.TryWrite(result);

    internal void Complete() => _results.Writer.TryComplete();
}
