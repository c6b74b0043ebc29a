namespace Qmtl.Backfill;

/// <summary>Runs backfills.</summary>
public sealed class BackfillEngine
{
    /// <summary>An engine.</summary>
    /// <param name="options">How it works; defaults where null.</param>
    /// <param name="timeProvider">The clock for "closed", "settled" and every delay; the system's where null.</param>
    /// <param name="onEvent">Told of everything that happens, from any thread; it must return quickly and not throw.</param>
    public BackfillEngine(BackfillOptions? options = null, TimeProvider? timeProvider = null, Action<BackfillEvent>? onEvent = null)
    {
        _ = (options, timeProvider, onEvent);
    }

    /// <summary>Runs all requests and yields the result of each range as soon as it is done. Cancelling yields a Cancelled result for each unfinished range, without throwing.</summary>
    public IAsyncEnumerable<BackfillResult> RunAsync(IEnumerable<BackfillRequest> requests, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException($"{requests} {cancellationToken}");
}
