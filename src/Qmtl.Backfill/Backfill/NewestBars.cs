using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.History;
using Qmtl.Time;

namespace Qmtl.Backfill;

/// <summary>
/// Completes the newest bars of many streams, whenever bars have closed: the <see cref="BackfillEngine"/> over each stream, with all its
/// rules, and what is common to the streams done once for many of them: claims, the look at what is stored, and commits.
/// </summary>
/// <remarks>
/// <para>
/// Each request's range goes from the first bar to look at to the newest that is due. Where a bar of it is missing, all of the range is
/// asked for, and what is stored of it is compared with the answer: what differs is replaced, with its entry in the store's trail. A
/// range of which nothing is missing is not asked for, so that two that keep the same streams do not ask twice.
/// </para>
/// <para>
/// It is for ranges of about a page: what is stored of them is held in memory, of a thousand streams at once. Longer holes are the
/// engine's. An instance may be used from several threads, and calls may overlap. Every instant at which the process may die leaves
/// whole streams only.
/// </para>
/// </remarks>
[SuppressMessage(
    "Design",
    "CA1001:Types that own disposable fields should be disposable",
    Justification = "A SemaphoreSlim whose wait handle is never taken holds nothing to release.")]
public sealed class NewestBars
{
    // What is claimed and looked at together. More gain nothing, and a server has locks for some thousand streams.
    private const int StreamsInGroup = 250;

    // Those that wait for their source, or for a commit. One that waits long keeps its place from others, and there are many places.
    private const int MostStreamsAtOnce = 4 * StreamsInGroup;

    // What is stored of a longer range is looked at by the engine, in its own way.
    private const int MostBarsToLookAt = 2000;

    private readonly BackfillEngine _engine;
    private readonly SharedClaims _claims;
    private readonly SemaphoreSlim _places = new(MostStreamsAtOnce);
    private readonly SemaphoreSlim _entrance = new(1);

    /// <summary>What completes the newest bars.</summary>
    /// <param name="options">How it works, as for an engine; null for the defaults.</param>
    /// <param name="timeProvider">The clock for "closed", "settled" and every delay; null for the system's.</param>
    /// <param name="onEvent">Told of everything that happens, from any thread; it must return quickly and not throw.</param>
    /// <param name="loggerFactory">Makes the logger that is told the same, with the events of docs/logs.md; null for none.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is outside its limits.</exception>
    public NewestBars(
        BackfillOptions? options = null,
        TimeProvider? timeProvider = null,
        Action<BackfillEvent>? onEvent = null,
        ILoggerFactory? loggerFactory = null)
    {
        options = (options ?? new BackfillOptions()) with { ComparesStored = true };
        _engine = new BackfillEngine(options, timeProvider, onEvent, loggerFactory);
        _claims = new SharedClaims(timeProvider ?? TimeProvider.System);
    }

    /// <summary>
    /// Says of a stream whether the caller itself fills other bars of it at present, and so holds its claim: that stream is then not
    /// claimed. Null, the default, for none.
    /// </summary>
    public Func<StreamKey, bool>? IsFilledHere { get; init; }

    /// <summary>Completes the ranges of all requests, and gives the result of each range as soon as it is committed.</summary>
    /// <param name="requests">
    /// What to complete; they may be of several stores and sources. A stream that another run fills just now is not waited for: its ranges
    /// end as <see cref="BackfillStatus.Partial"/>, with an <see cref="BackfillResult.Obstacle"/>, unless that has gone on for ten minutes.
    /// </param>
    /// <param name="cancellationToken">Stops the run. It then still yields a result for every range, <see cref="BackfillStatus.Cancelled"/>
    /// for those not done, and ends without throwing.</param>
    public async IAsyncEnumerable<BackfillResult> RunAsync(
        IEnumerable<BackfillRequest> requests, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(requests);

        // A caller who stops reading early must not leave work running behind.
        using var abandoned = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var results = Channel.CreateUnbounded<BackfillResult>(new UnboundedChannelOptions { SingleReader = true });
        Task running = RunAllAsync([.. requests], results.Writer, abandoned.Token);
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

    private async Task RunAllAsync(BackfillRequest[] requests, ChannelWriter<BackfillResult> results, CancellationToken cancellationToken)
    {
        Exception? failure = null;
        try
        {
            await Task.WhenAll(requests.GroupBy(request => request.Store).Select(
                ofStore => Task.Run(() => RunStoreAsync(ofStore.Key, [.. ofStore], results, cancellationToken), CancellationToken.None)));
        }
        catch (Exception error)
        {
            failure = error;
        }
        finally
        {
            results.TryComplete(failure);
        }
    }

    private async Task RunStoreAsync(
        IHistoryStore store, BackfillRequest[] requests, ChannelWriter<BackfillResult> results, CancellationToken cancellationToken)
    {
        var writes = new GatheredWrites(store, cancellationToken);
        var groups = new List<Task>();
        foreach (IGrouping<StreamKey, BackfillRequest>[] group in requests.GroupBy(request => request.Stream).Chunk(StreamsInGroup))
        {
            int places = await EnterAsync(group.Length, cancellationToken);
            try
            {
                // One group after the other, beside the writes of those before: a database has as much to do, and a connection that has
                // seen a table before finds it faster.
                SharedClaims.Taken claims = await _claims.TakeAsync(
                    store,
                    [.. group.Select(stream => stream.Key).Where(stream => IsFilledHere?.Invoke(stream) != true)],
                    cancellationToken);
                var view = new NewestStore(
                    store, writes, await LookAsync(store, group.Where(stream => !claims.Refused.Contains(stream.Key)), cancellationToken));
                groups.Add(RunGroupAsync(group, places, claims, view, results, cancellationToken));
            }
            catch
            {
                Leave(places);
                await Task.WhenAll(groups);
                throw;
            }
        }

        await Task.WhenAll(groups);
    }

    // One call after the other, so that no two hold a part each of what both need whole. Who is cancelled has none, as it asks nobody.
    private async Task<int> EnterAsync(int streams, CancellationToken cancellationToken)
    {
        int taken = 0;
        try
        {
            await _entrance.WaitAsync(cancellationToken);
            try
            {
                for (; taken < streams; taken++)
                {
                    await _places.WaitAsync(cancellationToken);
                }
            }
            finally
            {
                _entrance.Release();
            }
        }
        catch (OperationCanceledException)
        {
            Leave(taken);
            return 0;
        }

        return taken;
    }

    private void Leave(int places)
    {
        if (places > 0)
        {
            _places.Release(places);
        }
    }

    private async Task RunGroupAsync(
        IGrouping<StreamKey, BackfillRequest>[] group,
        int places,
        SharedClaims.Taken claims,
        NewestStore view,
        ChannelWriter<BackfillResult> results,
        CancellationToken cancellationToken)
    {
        await Task.WhenAll(group.Select(stream => Task.Run(
            async () =>
            {
                try
                {
                    foreach (BackfillRequest request in stream)
                    {
                        await RunAsync(request, claims, view, results, cancellationToken);
                    }
                }
                finally
                {
                    Leave(places / group.Length);
                    await claims.ReturnAsync(stream.Key);
                }
            },
            CancellationToken.None)));
    }

    private async Task RunAsync(
        BackfillRequest request,
        SharedClaims.Taken claims,
        NewestStore view,
        ChannelWriter<BackfillResult> results,
        CancellationToken cancellationToken)
    {
        if (claims.Refused.Contains(request.Stream))
        {
            foreach (BackfillResult result in _engine.Leave(request, "Another run is filling it at present."))
            {
                results.TryWrite(result);
            }

            return;
        }

        if (claims.Beside.Contains(request.Stream))
        {
            _engine.Raise(new BackfillStoreWarning(request.Stream, view.Info.DisplayName, StreamBackfill.GoesBeside));
        }

        await _engine.CompleteAsync(
            request with { Store = view }, request.Store, result => results.TryWrite(result), cancellationToken);
    }

    // What cannot be looked at here, the engine asks for itself, and tells what is the matter.
    private static async Task<IReadOnlyDictionary<StreamKey, (TimeRange Range, StoredRange Stored)>> LookAsync(
        IHistoryStore store, IEnumerable<IGrouping<StreamKey, BackfillRequest>> group, CancellationToken cancellationToken)
    {
        var looked = new Dictionary<StreamKey, (TimeRange Range, StoredRange Stored)>();
        try
        {
            StreamRange[] ranges = [.. group.Select(stream => RangeOf([.. stream])).OfType<StreamRange>()];
            IReadOnlyList<StoredRange> stored = ranges.Length == 0 ? [] : await store.ReadManyAsync(ranges, cancellationToken);
            for (int i = 0; i < ranges.Length; i++)
            {
                looked[ranges[i].Stream] = (ranges[i].Range, stored[i]);
            }
        }
        catch (Exception)
        {
            looked.Clear();
        }

        return looked;
    }

    private static StreamRange? RangeOf(BackfillRequest[] requests)
    {
        try
        {
            StreamKey stream = requests[0].Stream;
            string source = requests[0].Fetcher.GetName(stream);
            IReadOnlyList<TimeRange> ranges =
                requests.Length == 1 ? requests[0].Ranges : [.. requests.SelectMany(request => request.Ranges)];
            return (requests.Length == 1 || requests.All(request => request.Fetcher.GetName(stream) == source))
                && BackfillPlanner.BoundsOf(ranges)?.AlignTo(stream.Interval) is { } bounds
                && bounds.CountBars(stream.Interval) <= MostBarsToLookAt
                    ? new StreamRange(stream, bounds, source)
                    : null;
        }
        catch (Exception error) when (error is SourceException or ArgumentException)
        {
            // A name may need a script, which may fail: the engine refuses that stream.
            return null;
        }
    }
}
