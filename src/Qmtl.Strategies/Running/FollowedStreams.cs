using System.Threading.Channels;
using Qmtl.Backfill;
using Qmtl.Keeping;
using Qmtl.Strategies;
using Qmtl.Strategies.Replay;
using Qmtl.Streams;
using Qmtl.Time;

namespace Qmtl.Running;

/// <summary>
/// All streams of a run that goes on with new bars. Of each a page is in memory at most, and nothing of it is read before that is used up.
/// </summary>
internal sealed class FollowedStreams : IBarArrivals, IAsyncDisposable
{
    private readonly Channel<BarArrival> _arrivals =
        Channel.CreateUnbounded<BarArrival>(new UnboundedChannelOptions { SingleReader = true });

    private readonly CancellationTokenSource _ended;
    private readonly FollowedStream[] _streams;
    private readonly Task _following;

    /// <summary>Begins to follow the streams of a run that are warmed up.</summary>
    /// <param name="run">The run.</param>
    /// <param name="watch">Tells of new bars.</param>
    /// <param name="options">How they are followed.</param>
    /// <param name="optionsOf">How each provider is asked.</param>
    /// <param name="timeProvider">The clock.</param>
    /// <param name="warn">Told of streams that are behind, and of holes.</param>
    /// <param name="log">Told the same.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public FollowedStreams(
        StrategyRun run,
        IBarWatch watch,
        FollowOptions options,
        Func<IHistoryProvider, BackfillOptions> optionsOf,
        TimeProvider timeProvider,
        Action<string> warn,
        RunLog log,
        CancellationToken cancellationToken)
    {
        _ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Dictionary<StreamInput, TimeRange?> windows = run.Warmup.ToDictionary(result => result.Input, TimeRange? (result) => result.Range);
        _streams =
        [
            .. run.Pipeline.Streams.Select((stream, place) =>
                new FollowedStream(
                    stream,
                    place,
                    windows.GetValueOrDefault(stream),
                    watch,
                    options,
                    timeProvider,
                    optionsOf(stream.RequireProvider()),
                    new FollowNews(stream.Key, timeProvider, warn, log),
                    this)),
        ];
        _following = FollowAsync(_ended.Token);
    }

    /// <summary>Held by a stream while it tells of its place, and of that of others.</summary>
    public Lock Gate { get; } = new();

    /// <summary>Warns where the order makes bars of short intervals wait for the ends of longer ones.</summary>
    public static void WarnOfOrder(IReadOnlyList<StreamInput> streams, BarOrder order, Action<string> warn)
    {
        IEnumerable<BarInterval> intervals = streams.Select(stream => stream.Interval).Distinct().Order();
        if (order == BarOrder.Open && intervals.ToList() is [var shortest, .., var longest])
        {
            warn(
                $"By their opens, bars of {shortest} come after the bar of {longest} that they lie in, so each of them waits until that "
                    + $"one has closed. Order by closes ({nameof(PipelineOptions.Order)} {nameof(BarOrder.Close)}) to have each bar when "
                    + $"it is known.");
        }
    }

    /// <inheritdoc/>
    public void AskFor(int stream) => _streams[stream].AskForMore();

    /// <inheritdoc/>
    public async ValueTask<BarArrival?> NextAsync(CancellationToken cancellationToken) =>
        await _arrivals.Reader.WaitToReadAsync(cancellationToken) && _arrivals.Reader.TryRead(out BarArrival arrival) ? arrival : null;

    /// <inheritdoc/>
    public bool TryNext(out BarArrival arrival) => _arrivals.Reader.TryRead(out arrival);

    /// <summary>Ends it and waits until nothing of it runs any more.</summary>
    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        await _following;
        _ended.Dispose();
    }

    /// <summary>Hands on what is new of a stream.</summary>
    public void Tell(BarArrival arrival) => _arrivals.Writer.TryWrite(arrival);

    /// <summary>How long the page of any stream has waited; null where none has come.</summary>
    public TimeSpan? FindLongestWait() => _streams.Max(stream => stream.Waited);

    /// <summary>Has all wait once more for those that are behind, because one that was is back.</summary>
    /// <returns>Whether there is any other.</returns>
    public bool AwaitOthersAgain(FollowedStream returned)
    {
        bool any = false;
        foreach (FollowedStream stream in _streams)
        {
            any |= stream != returned && stream.AwaitAgain();
        }

        return any;
    }

    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        Exception? failure = null;
        await Task.WhenAll(_streams.Select(async stream =>
        {
            try
            {
                await stream.RunAsync(cancellationToken);
            }
            catch (Exception error)
            {
                // The first failure ends the run; what the others say of its end tells nobody anything.
                if (Interlocked.CompareExchange(ref failure, error, null) is null)
                {
                    _arrivals.Writer.TryComplete(error);
                    await _ended.CancelAsync();
                }
            }
        }));
        _arrivals.Writer.TryComplete();
    }
}
