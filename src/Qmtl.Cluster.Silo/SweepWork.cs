using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Qmtl.Backfill;
using Qmtl.Cluster.Wire;
using Qmtl.History;
using Qmtl.Messages;
using Qmtl.Sweeping;

namespace Qmtl.Cluster.Silo;

/// <summary>
/// Runs strategies on a member: assemblies of its own folders over its own stores, so many at once. Whoever asks for more is told, and asks
/// another member.
/// </summary>
/// <param name="parts">What the member can open by name.</param>
/// <param name="folders">The folders with assemblies.</param>
/// <param name="atOnce">The most runs at once.</param>
/// <param name="member">What the member calls itself.</param>
/// <param name="loggerFactory">Makes the logger.</param>
[SuppressMessage(
    "Design",
    "CA1001:Types that own disposable fields should be disposable",
    Justification = "A SemaphoreSlim whose wait handle is never taken holds nothing to release.")]
internal sealed partial class SweepWork(
    MemberParts parts, StrategyFolders folders, int atOnce, string member, ILoggerFactory loggerFactory)
{
    // Pages that wait for the client; the run waits for their place.
    private const int MostPagesWaiting = 2;

    private readonly ILogger _logger = loggerFactory.CreateLogger<SweepWork>();
    private readonly SemaphoreSlim _places = new(atOnce);
    private readonly Lock _gate = new();
    private readonly Dictionary<string, StrategyAssembly> _assemblies = [];

    /// <summary>Runs a strategy and tells its results, or why not.</summary>
    public async IAsyncEnumerable<SweepNews> RunAsync(SweepRunOrder order, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (!_places.Wait(0, CancellationToken.None))
        {
            yield return new SweepBusy();
            yield break;
        }

        try
        {
            (StrategyAssembly? assembly, IHistoryStore? store, TravellingError? refusal) =
                await Task.Run(() => Open(order), cancellationToken);
            if (refusal is not null)
            {
                yield return new SweepRefused(member, folders.IsNone, refusal);
                yield break;
            }

            yield return new SweepTaken(member, assembly!.Build);
            await foreach (SweepNews news in ReplayAsync(assembly, order.ToOrder(), store!, cancellationToken))
            {
                yield return news;
            }
        }
        finally
        {
            _places.Release();
        }
    }

    private (StrategyAssembly? Assembly, IHistoryStore? Store, TravellingError? Refusal) Open(SweepRunOrder order)
    {
        try
        {
            string path = folders.Find(order.Assembly);
            IHistoryStore store = parts.FindStore(order.Store);
            StrategyAssembly assembly = Read(path);
            return order.Build is null || order.Build == assembly.Build ? (assembly, store, null) : throw new ClusterException(
                $"The member {Environment.MachineName} has the build {assembly.Build} of {assembly.Name}, and that of whoever asks is "
                    + $"{PlainText.OneLine(order.Build, 20)}. Give all the same file, or name it by a path that is none on this machine "
                    + "for whichever members have.");
        }
        catch (Exception error) when (error is ClusterException or SweepException)
        {
            return (null, null, TravellingError.Of(error));
        }
        catch (Exception error) when (error is ArgumentException or IOException or UnauthorizedAccessException)
        {
            return (null, null, TravellingError.Of(new ClusterException(
                $"The member {Environment.MachineName} cannot look for {PlainText.OneLine(order.Assembly)} ({error.GetType().Name}).",
                error)));
        }
    }

    // One of each, so that runs share its code; a newer file takes its place, and the older one goes with its last run.
    private StrategyAssembly Read(string path)
    {
        lock (_gate)
        {
            StrategyAssembly? known = _assemblies.GetValueOrDefault(path);
            StrategyAssembly assembly = StrategyAssembly.Load(path, known);
            if (assembly != known)
            {
                _assemblies[path] = assembly;
                AssemblyRead(path, assembly.Build);
            }

            return assembly;
        }
    }

    private async IAsyncEnumerable<SweepNews> ReplayAsync(
        StrategyAssembly assembly, SweepOrder order, IHistoryStore store, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var abandoned = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var all = Channel.CreateBounded<SweepNews>(new BoundedChannelOptions(MostPagesWaiting) { SingleReader = true });

        // Elsewhere than on the grain's own scheduler.
        Task running = Task.Run(ComputeAsync, CancellationToken.None);
        try
        {
            await foreach (SweepNews news in all.Reader.ReadAllAsync(CancellationToken.None))
            {
                yield return news;
            }
        }
        finally
        {
            await abandoned.CancelAsync();
            await running;
        }

        async Task ComputeAsync()
        {
            Exception? failure = null;
            try
            {
                // Not disposed: it would close the member's store. It has no source, so nothing is filled.
                var provider = new StoreHistoryProvider(store);
                SweepEnd end = await StrategySweep.ReplayAsync(
                    assembly, order, provider, (page, token) => all.Writer.WriteAsync(SweepResults.Of(page), token), abandoned.Token);
                await all.Writer.WriteAsync(SweepEnded.Of(end), abandoned.Token);
            }
            catch (OperationCanceledException stopped) when (abandoned.IsCancellationRequested)
            {
                failure = stopped;
            }
            catch (Exception error) when (error is not OutOfMemoryException)
            {
                RunFailed(order.Strategy, error.Message, error.GetType().Name);
                var end = new SweepEnd(0, 0, TimeSpan.Zero, [], error);
                failure = all.Writer.TryWrite(SweepEnded.Of(end)) ? null : error;
            }
            finally
            {
                all.Writer.TryComplete(failure);
            }
        }
    }

    [LoggerMessage(
        8003,
        LogLevel.Information,
        "The assembly {assembly} was read, of the build {build}; runs of strategies from now on are of this one.",
        EventName = "cluster.assembly_read")]
    private partial void AssemblyRead(string assembly, string build);

    [LoggerMessage(
        8004,
        LogLevel.Error,
        "A run of {strategy} failed where it should not have: {error}",
        EventName = "cluster.run_failed")]
    private partial void RunFailed(string strategy, string error, string error_type);
}
