using Qmtl.History;

namespace Qmtl.Backfill;

/// <content>Two runs that would fill one stream.</content>
internal sealed partial class StreamBackfill
{
    internal const string GoesBeside =
        "The other run is still filling it. This one goes on beside it; the source may be asked twice for the same bars.";

    internal static readonly TimeSpan LongestClaimWait = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan ClaimInterval = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// Says in the store that the stream is being filled. While another run fills it, this one waits: what that one brings need not be
    /// asked for again.
    /// </summary>
    internal static async Task<IAsyncDisposable> ClaimAsync(
        BackfillRequest request, TimeProvider timeProvider, Action<BackfillEvent> raise, CancellationToken cancellationToken)
    {
        long began = timeProvider.GetTimestamp();
        for (bool isFirst = true; ; isFirst = false)
        {
            try
            {
                if (await request.Store.TryClaimAsync(request.Stream, cancellationToken) is { } claim)
                {
                    return claim;
                }
            }
            catch (StoreException)
            {
                // What is the matter with the store is told by what it is asked next.
                return StreamClaim.None;
            }

            if (isFirst)
            {
                Warn(
                    $"Another run is filling it. This one waits until that has ended, for {LongestClaimWait.TotalMinutes} minutes at "
                        + "most.");
            }

            if (timeProvider.GetElapsedTime(began) >= LongestClaimWait)
            {
                Warn(GoesBeside);
                return StreamClaim.None;
            }

            await Task.Delay(ClaimInterval, timeProvider, cancellationToken);
        }

        void Warn(string text) => raise(new BackfillStoreWarning(request.Stream, request.Store.Info.DisplayName, text));
    }
}
