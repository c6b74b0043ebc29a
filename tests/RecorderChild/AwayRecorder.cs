using Qmtl.Data;
using Qmtl.History;
using Qmtl.Recording;

namespace Qmtl.RecorderChild;

/// <summary>A recorder that says it is another and never takes a row.</summary>
internal sealed class AwayRecorder(string identity) : IEventRecorder
{
    public string DisplayName => identity;

    public Task PersistAsync(StreamKey stream, BarFrame rows, CancellationToken cancellationToken) =>
        throw new StoreException("away") { IsTransient = true };

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
