using Microsoft.Extensions.Logging;
using Qmtl.Backfill;
using Qmtl.Cluster;

namespace Qmtl.PowerShell.Backfill;

/// <summary>A backfill that a cluster does. Nothing of the cluster's libraries is loaded before one is asked for.</summary>
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

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _client.DisposeAsync();

    private static BackfillRequest RequestOf(BackfillWork work, IHistoryProvider provider) =>
        provider is { Store: { } store, Fetcher: { } fetcher }
            ? new BackfillRequest(store, fetcher, work.Stream, work.Ranges)
            : throw new NotSupportedException(
                $"The provider {provider.DisplayName} fills itself, so the members of a cluster have no way to its bars. Use a "
                    + "provider over a store and a source that the members have, too.");
}
