using System.Collections.Concurrent;
using Qmtl.Backfill;
using Qmtl.Cli.Hosting;
using Qmtl.Cli.Rendering;

namespace Qmtl.Cli.Commands;

/// <summary>Runs the engine, shows how far it is, and tells once what it had to refuse.</summary>
internal sealed class BackfillRun(CliHost host, BackfillOptions options)
{
    /// <summary>Whether progress is shown in place while it runs; false by default.</summary>
    public bool IsLive { get; init; }

    /// <summary>Runs all requests.</summary>
    /// <param name="requests">What to complete.</param>
    /// <param name="onResult">Called with each result as soon as it is known.</param>
    /// <param name="cancellationToken">Stops the run; every range still has a result.</param>
    /// <returns>All results, in the order in which they came.</returns>
    public async Task<IReadOnlyList<BackfillResult>> RunAsync(
        IReadOnlyList<BackfillRequest> requests, Func<BackfillResult, Task> onResult, CancellationToken cancellationToken)
    {
        var rejected = new ConcurrentQueue<BackfillRowsRejected>();
        var results = new List<BackfillResult>();
        await BackfillProgress.ShowAsync(host.Console, IsLive, requests, async show =>
        {
            var engine = new BackfillEngine(options, host.TimeProvider, happened =>
            {
                show(happened);
                if (happened is BackfillRowsRejected refused)
                {
                    rejected.Enqueue(refused);
                }
            });
            await foreach (BackfillResult result in engine.RunAsync(requests, cancellationToken))
            {
                results.Add(result);
                await onResult(result);
            }
        });
        foreach (BackfillRowsRejected refused in rejected)
        {
            host.WriteDiagnostic("warning", $"{refused.Stream}: rows of {refused.Source} were not stored: {refused.Rejected}.");
        }

        return results;
    }
}
