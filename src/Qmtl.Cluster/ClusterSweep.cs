using System.Diagnostics.CodeAnalysis;
using Qmtl.Cluster.Wire;
using Qmtl.History;
using Qmtl.Sweeping;

namespace Qmtl.Cluster;

/// <summary>
/// Runs strategies on the members of a cluster: what <see cref="StrategySweep"/> is for one machine, with the same results. Members have
/// the assembly and open the store by their own configuration; each takes a run when it has a place, and a member that dies has its runs
/// given to others.
/// </summary>
[SuppressMessage(
    "Design",
    "CA1001:Types that own disposable fields should be disposable",
    Justification = "A SemaphoreSlim whose wait handle is never taken holds nothing to release.")]
public sealed class ClusterSweep
{
    // What waits holds nothing but its order.
    private const int MostAtOnce = 512;

    // A run may be what ends its members, and must not end all of them.
    private const int MostLosses = 3;

    // Others' runs end, too, and do not say so here.
    private static readonly TimeSpan PlaceInterval = TimeSpan.FromMilliseconds(200);

    private readonly ClusterClient _client;
    private readonly string _assembly;
    private readonly string? _build;
    private readonly string _store;
    private readonly int _throttleLimit;
    private readonly TimeProvider _timeProvider;

    // One looks for a place at a time: as many as there are runs would only keep the members busy with saying that they are.
    private readonly SemaphoreSlim _door = new(1);
    private readonly SemaphoreSlim _freed = new(0);

    /// <summary>Prepares a sweep.</summary>
    /// <param name="client">The cluster.</param>
    /// <param name="assembly">The assembly's file as members have it: inside a folder that they run strategies of, or its whole path
    /// there.</param>
    /// <param name="store">The history; it only names what members open.</param>
    /// <param name="build">The only build that is meant (<see cref="StrategyAssembly.BuildOf"/>); null for whichever a member has.</param>
    /// <param name="throttleLimit">The most runs at once on all members; null for as many as they take.</param>
    /// <param name="timeProvider">The clock of delays; null for the system's.</param>
    /// <exception cref="ArgumentOutOfRangeException">The limit is less than 1.</exception>
    public ClusterSweep(
        ClusterClient client,
        string assembly,
        IHistoryStore store,
        string? build = null,
        int? throttleLimit = null,
        TimeProvider? timeProvider = null)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentException.ThrowIfNullOrWhiteSpace(assembly);
        ArgumentNullException.ThrowIfNull(store);
        ArgumentOutOfRangeException.ThrowIfLessThan(throttleLimit ?? 1, 1, nameof(throttleLimit));
        (_client, _assembly, _build, _store) = (client, assembly, build, store.Info.Identity);
        (_throttleLimit, _timeProvider) = (Math.Min(throttleLimit ?? MostAtOnce, MostAtOnce), timeProvider ?? TimeProvider.System);
    }

    /// <inheritdoc cref="StrategySweep.RunAsync"/>
    public IAsyncEnumerable<SweepResult> RunAsync(IReadOnlyList<SweepOrder> orders, CancellationToken cancellationToken = default) =>
        StrategySweep.SpreadAsync(orders, _throttleLimit, RunAsync, cancellationToken);

    private async Task<SweepResult> RunAsync(int run, SweepOrder order, CancellationToken cancellationToken)
    {
        var result = new SweepResult { Order = order, Run = run, Status = SweepStatus.Cancelled };
        try
        {
            for (int losses = 1; ; losses++)
            {
                (IAsyncEnumerator<SweepNews>? news, SweepTaken? by, Exception? refusal) =
                    await BeginAsync(SweepRunOrder.Of(order, _store, _assembly, _build), cancellationToken);
                if (news is null)
                {
                    return result with { Status = SweepStatus.Failed, Error = refusal };
                }

                bool isLost = false;
                try
                {
                    (SweepEnd end, SweepValues values) = await ReadAsync(news);
                    return end.Apply(result with { Member = by!.Member, Build = by.Build }, values);
                }
                catch (Exception error) when (!cancellationToken.IsCancellationRequested && error is not OutOfMemoryException)
                {
                    isLost = true;
                    if (losses == MostLosses)
                    {
                        return result with
                        {
                            Status = SweepStatus.Failed,
                            Error = new ClusterException(
                                $"{order} was lost with its member {losses} times, so it may be what ends them, by its memory or by calls "
                                    + "without end. Their logs and qmtl members tell more.",
                                error),
                        };
                    }
                }
                finally
                {
                    // Where only the way to it was lost, it is told all the same, and nobody waits for that.
                    Task ending = EndAsync(news);
                    await (isLost ? Task.CompletedTask : ending);
                    _freed.Release();
                }
            }
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            return result;
        }
    }

    // Asks one member after the other until one takes it. What comes back without news is the reason why none does.
    private async Task<(IAsyncEnumerator<SweepNews>? News, SweepTaken? By, Exception? Refusal)> BeginAsync(
        SweepRunOrder order, CancellationToken cancellationToken)
    {
        await _door.WaitAsync(cancellationToken);
        try
        {
            HashSet<string> refusing = [];
            SweepRefused? why = null;
            (long? silentSince, int failures) = (null, 0);
            while (true)
            {
                cancellationToken.ThrowIfCancellationRequested();
                ISweepGrain grain = _client.Grains.GetGrain<ISweepGrain>(Guid.NewGuid().ToString("N"));
                IAsyncEnumerator<SweepNews> news =
                    grain.RunAsync(order, cancellationToken).WithBatchSize(1).GetAsyncEnumerator(cancellationToken);
                SweepNews? answer = await AnswerAsync(news, cancellationToken);
                if (answer is SweepTaken taken)
                {
                    return (news, taken, null);
                }

                await (answer is null ? Task.CompletedTask : EndAsync(news));
                silentSince = answer is null ? silentSince ?? _timeProvider.GetTimestamp() : null;
                why = answer is SweepRefused other && (why is null || !other.RunsNone) ? other : why;
                switch (answer)
                {
                    case SweepRefused refused when refusing.Add(refused.Member) && await AreAllAsync(refusing):
                        return (null, null, why!.Error.ToException());
                    case SweepRefused:
                        break;
                    case null when _timeProvider.GetElapsedTime(silentSince!.Value) > MemberLoss.Patience:
                        return (null, null, new ClusterException(
                            $"The cluster {_client.Address} has not answered for {MemberLoss.Patience.TotalMinutes:0} minutes. See "
                                + "qmtl members."));
                    case null:
                        await Task.Delay(MemberLoss.Delay(failures++), _timeProvider, cancellationToken);
                        break;
                    default:
                        await _freed.WaitAsync(PlaceInterval, cancellationToken);
                        break;
                }
            }
        }
        finally
        {
            _door.Release();
        }
    }

    private async Task<bool> AreAllAsync(HashSet<string> members)
    {
        try
        {
            return (await _client.GetMembersAsync())
                .All(member => member.State != nameof(SiloStatus.Active) || members.Contains(member.Name));
        }
        catch (ClusterException)
        {
            // The one that was asked is gone. Whoever is left is asked again.
            members.Clear();
            return false;
        }
    }

    private static async Task<SweepNews?> AnswerAsync(IAsyncEnumerator<SweepNews> news, CancellationToken cancellationToken)
    {
        try
        {
            return await news.MoveNextAsync() ? news.Current : null;
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            Task ending = EndAsync(news);
            if (cancellationToken.IsCancellationRequested)
            {
                await ending;
                cancellationToken.ThrowIfCancellationRequested();
            }

            // One that does not answer is not waited for.
            return null;
        }
    }

    private static async Task<(SweepEnd End, SweepValues Values)> ReadAsync(IAsyncEnumerator<SweepNews> news)
    {
        var values = new SweepValues();
        while (await news.MoveNextAsync())
        {
            switch (news.Current)
            {
                case SweepResults results:
                    values.Add(results.ToPage());
                    break;
                case SweepEnded ended:
                    return (ended.ToEnd(), values);
            }
        }

        throw new ClusterException("A member ended its work early.");
    }

    // One that is gone cannot be told that nobody listens any more.
    private static async Task EndAsync(IAsyncEnumerator<SweepNews> news)
    {
        try
        {
            await news.DisposeAsync();
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            // It finds out by itself.
        }
    }
}
