using Microsoft.Extensions.Logging;
using Qmtl.Backfill;
using Qmtl.Cluster;
using Qmtl.Sweeping;

namespace Qmtl.PowerShell.Backfill;

/// <summary>What a cluster does for a shell. Nothing of the cluster's libraries is loaded before one is asked for.</summary>
internal sealed class ClusterRun : IAsyncDisposable
{
    private readonly ClusterClient _client;

    private ClusterRun(ClusterClient client) => _client = client;

    /// <summary>Connects to the cluster that an operator named.</summary>
    /// <param name="address">The address.</param>
    /// <param name="certificate">The whole path of the certificate's file; null for none.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="ArgumentException">Address or certificate are wrong.</exception>
    /// <exception cref="ClusterException">No member answers.</exception>
    public static async Task<ClusterRun> ConnectAsync(
        string address, string? certificate, CancellationToken cancellationToken) => new(await ClusterClient.ConnectAsync(
            ClusterAddress.Parse(address), certificate is null ? null : ClusterCertificate.Load(certificate), cancellationToken));

    /// <summary>The members.</summary>
    public Task<IReadOnlyList<ClusterMember>> GetMembersAsync() => _client.GetMembersAsync();

    /// <summary>Has the work done.</summary>
    /// <param name="approved">What is to be done.</param>
    /// <param name="filled">A provider with the source that fills it.</param>
    /// <param name="options">How.</param>
    /// <param name="onEvent">Told of what happens.</param>
    /// <param name="log">Told the same.</param>
    /// <param name="emit">Takes each outcome.</param>
    /// <param name="cancellationToken">Stops the work everywhere.</param>
    /// <exception cref="NotSupportedException">A provider is not a store with a source.</exception>
    public async Task RunAsync(
        IReadOnlyList<BackfillWork> approved,
        Func<IHistoryProvider, IHistoryProvider> filled,
        BackfillOptions options,
        Action<BackfillEvent> onEvent,
        ILoggerFactory log,
        Func<BackfillWork, BackfillResult, Task> emit,
        CancellationToken cancellationToken)
    {
        var backfill = new ClusterBackfill(_client, options, onEvent: onEvent, loggerFactory: log);
        await Task.WhenAll(approved.Select(async work =>
        {
            BackfillRequest request = RequestOf(work, filled(work.Provider));
            await foreach (BackfillResult result in backfill.RunAsync([request], cancellationToken))
            {
                await emit(work, result);
            }
        }));
    }

    /// <summary>Has strategies run.</summary>
    /// <param name="assembly">The assembly, as members have it.</param>
    /// <param name="build">The only build that is meant; null for whichever members have.</param>
    /// <param name="provider">The history.</param>
    /// <param name="throttleLimit">The most runs at once; null for as many as members take.</param>
    /// <param name="orders">The runs.</param>
    /// <param name="cancellationToken">Stops them everywhere.</param>
    /// <exception cref="NotSupportedException">The provider is no store.</exception>
    public IAsyncEnumerable<SweepResult> SweepAsync(
        string assembly,
        string? build,
        IHistoryProvider provider,
        int? throttleLimit,
        IReadOnlyList<SweepOrder> orders,
        CancellationToken cancellationToken) => provider.Store is { } store
            ? new ClusterSweep(_client, assembly, store, build, throttleLimit).RunAsync(orders, cancellationToken)
            : throw NoWay(provider);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _client.DisposeAsync();

    private static BackfillRequest RequestOf(BackfillWork work, IHistoryProvider provider) =>
        provider is { Store: { } store, Fetcher: { } fetcher }
            ? new BackfillRequest(store, fetcher, work.Stream, work.Ranges)
            : throw NoWay(provider);

    private static NotSupportedException NoWay(IHistoryProvider provider) => new(
        $"The provider {provider.DisplayName} fills itself, so the members of a cluster have no way to its bars. Use a provider over a "
            + "store and a source that the members have, too.");
}
