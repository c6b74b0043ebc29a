using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Qmtl.Backfill;
using Qmtl.Cluster.Wire;
using Qmtl.Telemetry.Logging;

namespace Qmtl.Cluster;

/// <summary>
/// Runs backfills on the members of a cluster: what <see cref="BackfillEngine"/> is for one process. Streams are spread over the members,
/// which open store and source by their own configuration; what comes back is what happens and what became of each range.
/// </summary>
public sealed class ClusterBackfill
{
    // A stream under way costs a question every few seconds. Members run as many at once as their throttle limit says; the others wait
    // there.
    private const int MostStreamsAtOnce = 512;

    private readonly ClusterClient _client;
    private readonly BackfillOptions _options;
    private readonly TimeProvider _timeProvider;
    private readonly Action<BackfillEvent>? _raise;

    /// <summary>Prepares a run.</summary>
    /// <param name="client">The cluster.</param>
    /// <param name="options">How members work; the throttle limit counts on each member, for each source and store. Null for the
    /// defaults.</param>
    /// <param name="timeProvider">The clock of delays and durations; null for the system's.</param>
    /// <param name="onEvent">Told of what happens, from any thread; it must return quickly and not throw.</param>
    /// <param name="loggerFactory">Makes the logger that is told the same, with the events of docs/logs.md; null for none.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is outside its limits.</exception>
    public ClusterBackfill(
        ClusterClient client,
        BackfillOptions? options = null,
        TimeProvider? timeProvider = null,
        Action<BackfillEvent>? onEvent = null,
        ILoggerFactory? loggerFactory = null)
    {
        ArgumentNullException.ThrowIfNull(client);
        _client = client;
        _options = options ?? new BackfillOptions();
        _options.Validate();
        _timeProvider = timeProvider ?? TimeProvider.System;
        _raise = onEvent
            + (loggerFactory is null ? null : new BackfillLog(loggerFactory.CreateLogger<BackfillEngine>()).Write);
    }

    /// <summary>Runs all requests and yields the result of each range as soon as it is done.</summary>
    /// <param name="requests">What to complete. Their stores and sources only name what the members are to open.</param>
    /// <param name="cancellationToken">Stops the work on all members. The run then still yields a result for every range,
    /// <see cref="BackfillStatus.Cancelled"/> for those not done, and ends without throwing.</param>
    public async IAsyncEnumerable<BackfillResult> RunAsync(
        IEnumerable<BackfillRequest> requests, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(requests);

        // A caller who stops reading early must not leave work running behind.
        using var abandoned = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var results = Channel.CreateUnbounded<BackfillResult>(new UnboundedChannelOptions { SingleReader = true });
        Task running = RunAllAsync(requests, results.Writer, abandoned.Token);
        try
        {
            await foreach (BackfillResult result in results.Reader.ReadAllAsync(CancellationToken.None))
            {
                yield return result;
            }
        }
        finally
        {
            await abandoned.CancelAsync();
            await running;
        }
    }

    private async Task RunAllAsync(
        IEnumerable<BackfillRequest> requests, ChannelWriter<BackfillResult> results, CancellationToken cancellationToken)
    {
        try
        {
            await Parallel.ForEachAsync(
                requests,
                new ParallelOptions { MaxDegreeOfParallelism = MostStreamsAtOnce },
                async (request, _) =>
                {
                    StreamOrder order = StreamOrder.Of(request, _options);
                    IStreamGrain grain = _client.Grains.GetGrain<IStreamGrain>(order.Key);
                    await new ClusterStream(
                        grain, order, _client.Address.DisplayName, _timeProvider, news => Tell(news.ToEvent(order.Stream)), Tell)
                        .RunAsync(cancellationToken);
                });
        }
        finally
        {
            results.TryComplete();
        }

        void Tell(BackfillEvent happened)
        {
            _raise?.Invoke(happened);
            if (happened is BackfillRangeEnded ended)
            {
                results.TryWrite(ended.Result);
            }
        }
    }
}
