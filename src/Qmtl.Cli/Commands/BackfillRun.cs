using Microsoft.Extensions.Logging;
using Qmtl.Backfill;
using Qmtl.Cli.Hosting;
using Qmtl.Cli.Rendering;
using Qmtl.Cluster;

namespace Qmtl.Cli.Commands;

/// <summary>Runs the engine, shows how far it is, and logs what happens.</summary>
internal sealed class BackfillRun(CliHost host, BackfillOptions options)
{
    /// <summary>
    /// Whether progress is shown in place while it runs; false by default. Where the log tells the story itself, it is not shown.
    /// </summary>
    public bool IsLive { get; init; }

    /// <summary>The cluster whose members do the work; null, the default, for this process.</summary>
    public ClusterClient? Cluster { get; init; }

    /// <summary>Runs all requests.</summary>
    /// <param name="requests">What to complete.</param>
    /// <param name="onResult">Called with each result as soon as it is known.</param>
    /// <param name="cancellationToken">Stops the run; every range still has a result.</param>
    /// <returns>All results, in the order in which they came.</returns>
    public async Task<IReadOnlyList<BackfillResult>> RunAsync(
        IReadOnlyList<BackfillRequest> requests, Func<BackfillResult, Task> onResult, CancellationToken cancellationToken)
    {
        var results = new List<BackfillResult>();
        if (IsLive && !host.Log.IsEnabled(LogLevel.Information))
        {
            using IDisposable held = host.Log.Hold();
            await ProgressDisplay.ShowAsync(host.Console, host.TimeProvider, requests.Count, CompleteAsync);
        }
        else
        {
            await CompleteAsync(null);
        }

        return results;

        async Task CompleteAsync(Action<BackfillEvent>? show)
        {
            IAsyncEnumerable<BackfillResult> running = Cluster is null
                ? new BackfillEngine(options, host.TimeProvider, show, host.Log).RunAsync(requests, cancellationToken)
                : new ClusterBackfill(Cluster, options, host.TimeProvider, show, host.Log).RunAsync(requests, cancellationToken);
            await foreach (BackfillResult result in running)
            {
                results.Add(result);
                await onResult(result);
            }
        }
    }
}
