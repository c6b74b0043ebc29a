using Qmtl.Backfill;
using Qmtl.Cli.Commands;
using Qmtl.Cli.Hosting;
using Qmtl.Cli.Rendering;
using Qmtl.Data;
using Qmtl.Fetching.Exchanges;
using Qmtl.Fetching.Http;
using Qmtl.History;
using Qmtl.Simulation;
using Qmtl.Time;
using Spectre.Console;

namespace Qmtl.Cli.Demo;

/// <summary>
/// Tells the story of the demo: a history with holes, a backfill through faults, and a second run that has nothing to ask.
/// </summary>
internal sealed class DemoRun(CliHost host)
{
    private static readonly BackfillOptions Options = new();

    /// <summary>Runs the demo in <paramref name="folder"/>, where its store stays.</summary>
    /// <returns><see cref="ExitCode.Complete"/>, or <see cref="ExitCode.Failed"/> where the history did not become complete.</returns>
    public async Task<int> RunAsync(DirectoryInfo folder, CancellationToken cancellationToken)
    {
        string file = Path.Combine(folder.FullName, "demo.db");
        await using SimulatedExchange exchange = SimulatedExchange.Start(DemoScenario.Exchange);
        await using IHistoryStore store = HistoryStoreFactory.Open(file);
        var fetcher = ExchangeCatalog.Get("binance").CreateFetcher(new() { BaseUri = exchange.BaseUri, Name = "simulated" });

        Heading($"A simulated exchange listens on {exchange.BaseUri}, and nothing else is needed: no network, no server.");
        Heading($"Before. A recorder that slept half of the week left this in {file}:");
        await RecordAsync(store, fetcher, cancellationToken);
        await ShowCoverageAsync(store, cancellationToken);

        Heading("Backfill. Only missing bars are asked for; the exchange limits the rate, fails, and breaks off an answer on the way:");
        long asked = exchange.RequestCount;
        exchange.Faults.Rule = request => DemoScenario.Fault(request.Number - asked);
        IReadOnlyList<BackfillResult> first = await BackfillAsync(store, fetcher, cancellationToken);

        Heading("After. What is not stored now does not exist, and the store knows it:");
        await ShowCoverageAsync(store, cancellationToken);

        asked = exchange.RequestCount;
        IReadOnlyList<BackfillResult> second = await BackfillAsync(store, fetcher, cancellationToken, silent: true);
        long askedAgain = exchange.RequestCount - asked;
        Heading(
            $"The same backfill again: {Amounts.Count(askedAgain, "request")}, "
                + $"{Amounts.Count(second.Sum(result => result.BarsWritten), "bar")} written.");

        int code = askedAgain == 0 && first.All(IsComplete) && second.All(IsComplete) ? ExitCode.Complete : ExitCode.Failed;
        if (code == ExitCode.Failed)
        {
            host.WriteDiagnostic("error", "The history did not become complete. Please report it with the output above.");
        }

        DemoNextSteps.Write(host, file);
        return code;
    }

    private static bool IsComplete(BackfillResult result) => result.Status is BackfillStatus.Completed or BackfillStatus.Empty;

    private static async Task RecordAsync(IHistoryStore store, HttpFetcher fetcher, CancellationToken cancellationToken)
    {
        foreach ((StreamKey stream, IReadOnlyList<TimeRange> recorded) in DemoScenario.Streams)
        {
            // A recorder knows what it saw, and nothing about what it did not see.
            var nothing = TimeRangeSet.Empty(stream.Interval);
            var pages = new List<BarPage>();
            foreach (TimeRange shift in recorded)
            {
                RawBars answer = await fetcher.FetchAsync(stream, shift, cancellationToken);
                pages.Add(new BarPage("recorder", answer.Validate(stream.Interval, shift, shift.End).Frame, nothing, nothing));
            }

            if (pages.Count > 0)
            {
                await store.WriteAsync(stream, pages, cancellationToken);
            }
        }
    }

    private async Task<IReadOnlyList<BackfillResult>> BackfillAsync(
        IHistoryStore store, HttpFetcher fetcher, CancellationToken cancellationToken, bool silent = false)
    {
        BackfillRequest[] requests =
            [.. DemoScenario.Streams.Select(item => new BackfillRequest(store, fetcher, item.Stream, [DemoScenario.Week]))];
        var run = new BackfillRun(host, Options) { IsLive = host.IsLive && !silent };
        IReadOnlyList<BackfillResult> results = await run.RunAsync(requests, _ => Task.CompletedTask, cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        BackfillResult[] inOrder = [.. results.OrderBy(result => result.Stream.NodeId, StringComparer.Ordinal)];
        if (!silent)
        {
            BackfillReport.Write(host, inOrder);
        }

        return inOrder;
    }

    private async Task ShowCoverageAsync(IHistoryStore store, CancellationToken cancellationToken)
    {
        var report = new CoverageReport(host);
        foreach ((StreamKey stream, _) in DemoScenario.Streams)
        {
            report.Add(
                stream,
                await store.GetCoverageAsync(stream, DemoScenario.Week, cancellationToken),
                await store.GetKnownEmptyAsync(stream, source: null, DemoScenario.Week, cancellationToken),
                DemoScenario.Week);
        }

        report.Write("");
    }

    private void Heading(string text)
    {
        host.Console.WriteLine();
        host.Console.Write(new Text(text, new Style(decoration: Decoration.Bold)));
        host.Console.WriteLine();
    }
}
