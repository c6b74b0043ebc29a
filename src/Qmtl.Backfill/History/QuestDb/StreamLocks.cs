using System.Collections.Concurrent;
using Qmtl.Data;

namespace Qmtl.History.QuestDb;

/// <summary>Lets the writers of one stream in this process take turns. QuestDB has no locks that processes could share.</summary>
internal sealed class StreamLocks
{
    // By store, so that several instances over one server share the locks. An entry is small and there is one a stream.
    private static readonly ConcurrentDictionary<string, StreamLocks> ByStore = new(StringComparer.Ordinal);

    private readonly ConcurrentDictionary<StreamKey, SemaphoreSlim> _locks = new();

    private StreamLocks()
    {
    }

    /// <summary>The locks of all instances of a store.</summary>
    public static StreamLocks Of(string store) => ByStore.GetOrAdd(store, static _ => new StreamLocks());

    /// <summary>Waits for the stream's turn; it ends when the result is disposed.</summary>
    public async Task<IDisposable> AcquireAsync(StreamKey stream, CancellationToken cancellationToken)
    {
        SemaphoreSlim semaphore = _locks.GetOrAdd(stream, static _ => new SemaphoreSlim(1, 1));
        await semaphore.WaitAsync(cancellationToken);
        return new Turn(semaphore);
    }

    private sealed class Turn(SemaphoreSlim semaphore) : IDisposable
    {
        private SemaphoreSlim? _semaphore = semaphore;

        public void Dispose() => Interlocked.Exchange(ref _semaphore, null)?.Release();
    }
}
