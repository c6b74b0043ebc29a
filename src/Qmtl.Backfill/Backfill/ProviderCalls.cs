using System.Runtime.CompilerServices;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.Time;

namespace Qmtl.Backfill;

/// <summary>Calls a provider for one stream: what fails for a passing reason is tried again, and what it answers is checked.</summary>
/// <param name="provider">The provider.</param>
/// <param name="stream">The stream.</param>
/// <param name="retries">How a call is repeated.</param>
/// <param name="timeProvider">The clock that tells which bars have closed.</param>
/// <param name="raise">Told of each retry.</param>
internal sealed class ProviderCalls(
    IHistoryProvider provider, StreamKey stream, RetryPolicy retries, TimeProvider timeProvider, Action<BackfillEvent> raise)
{
    /// <summary>What the provider holds inside.</summary>
    /// <exception cref="SourceException">It answered what is no coverage of the stream.</exception>
    public Task<TimeRangeSet> GetCoverageAsync(TimeRange within, Action onRetry, CancellationToken cancellationToken) => RunAsync(
        async token => Require(await provider.GetCoverageAsync(stream, within, token), "coverage"), within, onRetry, cancellationToken);

    /// <summary>What does not exist inside, as far as the provider knows.</summary>
    /// <exception cref="SourceException">It answered what is no set of the stream's bars.</exception>
    public Task<TimeRangeSet> GetKnownEmptyAsync(TimeRange within, Action onRetry, CancellationToken cancellationToken) => RunAsync(
        async token => Require(await provider.GetKnownEmptyAsync(stream, null, within, token), "known-empty bars"),
        within, onRetry, cancellationToken);

    /// <summary>Does one thing with the provider.</summary>
    public Task<T> RunAsync<T>(
        Func<CancellationToken, Task<T>> call,
        TimeRange range,
        Action onRetry,
        CancellationToken cancellationToken) => retries.ExecuteAsync(
        call,
        (attempt, delay, error) =>
        {
            onRetry();
            raise(new BackfillRetrying(stream, range, attempt, delay, error));
        },
        cancellationToken);

    /// <summary>
    /// Reads page by page and lets through only what is a bar of the stream: inside the range, on the grid, closed, in order, with finite
    /// values. Where a page fails, reading goes on behind the last bar that came.
    /// </summary>
    /// <param name="range">The bars, on the grid.</param>
    /// <param name="onRejected">Told of rows that are left out.</param>
    /// <param name="onRetry">Told of each retry.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="SourceException">A page is no page of this stream.</exception>
    public async IAsyncEnumerable<BarFrame> ReadAsync(
        TimeRange range, Action<RejectedRows> onRejected, Action onRetry, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        IAsyncEnumerator<BarFrame>? pages = null;
        long next = range.Start;
        try
        {
            while (await RunAsync(NextAsync, range, onRetry, cancellationToken) is { } page)
            {
                if (next > range.End)
                {
                    onRejected(RejectedRows.None.Plus(RejectionReason.OutsideRange, page.Count));
                    continue;
                }

                long lastClosed = stream.Interval.LastClosedBar(timeProvider.GetUtcNow());
                ValidatedBars valid = new RawBars(page.TimestampMemory, page.Columns)
                    .Validate(stream.Interval, new TimeRange(next, range.End), lastClosed);
                onRejected(valid.Rejected);
                if (valid.Frame.Bounds is { } bounds)
                {
                    next = stream.Interval.Next(bounds.End);
                    yield return valid.Frame;
                }
            }
        }
        finally
        {
            await CloseAsync();
        }

        async Task<BarFrame?> NextAsync(CancellationToken token)
        {
            try
            {
                if (pages is null && next > range.End)
                {
                    return null;
                }

                pages ??= (provider.FetchAsync(stream, new TimeRange(next, range.End), cancellationToken)
                    ?? throw new SourceException(
                        $"The provider {provider.DisplayName} answered null where bars of {stream} were asked for. "
                        + "Where it has none it must answer no page."))
                    .GetAsyncEnumerator(cancellationToken);
                return await pages.MoveNextAsync() ? RequirePage(pages.Current) : null;
            }
            catch
            {
                await CloseAsync();
                throw;
            }
        }

        async ValueTask CloseAsync()
        {
            if (pages is { } open)
            {
                pages = null;
                await open.DisposeAsync();
            }
        }
    }

    private BarFrame RequirePage(BarFrame? page) => page is not null && page.Interval == stream.Interval
        ? page
        : throw new SourceException(
            $"The provider {provider.DisplayName} answered {(page is null ? "a null page" : $"bars of {page.Interval}")} "
            + $"where bars of {stream} were asked for.");

    private TimeRangeSet Require(TimeRangeSet? bars, string what) => bars is not null && bars.Interval == stream.Interval
        ? bars
        : throw new SourceException(
            $"The provider {provider.DisplayName} answered {(bars is null ? "null" : $"bars of {bars.Interval}")} "
            + $"where its {what} of {stream} was asked for. A stream that it does not know has an empty one of the stream's interval.");
}
