using System.Diagnostics;
using System.Text.Json.Nodes;
using Qmtl.Backfill;
using Qmtl.Bench.Harness;
using Qmtl.Cluster;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.History;
using Qmtl.Simulation;
using Qmtl.Simulation.Markets;
using Qmtl.Time;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Bench.Comparisons;

/// <summary>
/// 300 streams of 10,000 bars into PostgreSQL, by members of a cluster that are processes of their own. The exchange (20 ms an answer), the
/// server and whoever hands the work out share this machine with them, so that on few cores it is the processor that gives way, not the source.
/// </summary>
internal sealed class ClusterFill : IComparisonSet
{
    private const int Streams = 300;
    private const int Bars = 10_000;

    // What a process may ask: with it one needs half a minute for the 3,000 pages.
    private const int RequestsPerSecond = 100;

    private static readonly TimeRange Asked = new(1_704_067_200, 1_704_067_200 + ((Bars - 1) * 60L));

    private readonly PrivatePostgreSql _server = new();
    private readonly TemporaryFolder _folder = new();
    private readonly GeneratedMarket[] _markets = [.. Enumerable.Range(0, Streams).Select(static number => new GeneratedMarket($"COIN{number}"))];
    private readonly SimulatedExchange _exchange;

    public ClusterFill() => _exchange = SimulatedExchange.Start(new SimulatedExchangeOptions
    {
        Markets = _markets,
        WeightPerMinute = null,
        RequestLogCapacity = 0,
        Latency = TimeSpan.FromMilliseconds(20),
    });

    public string Name => "cluster";

    public async Task<string?> PrepareAsync()
    {
        if (PostgreSqlBinaries.MissingReason is { } reason)
        {
            return reason;
        }

        await _server.CreateAsync();
        foreach ((string name, int? limit) in new[] { ("paced", (int?)RequestsPerSecond), ("unpaced", null) })
        {
            var profile = (JsonObject)JsonNode.Parse(
                SimulatedExchange.ProfileOf("binance"), documentOptions: new() { CommentHandling = System.Text.Json.JsonCommentHandling.Skip })!;
            profile["name"] = name;
            profile.Remove("hosts");
            profile.Remove("bulk");
            profile.Remove("pace");
            if (limit is not null)
            {
                profile["pace"] = new JsonObject { ["requests"] = limit, ["per"] = "1s" };
            }

            await File.WriteAllTextAsync(ProfileOf(name), profile.ToJsonString());
        }

        return null;
    }

    public IEnumerable<Comparison> Comparisons()
    {
        yield return new Comparison(
            "300 streams x 10,000 bars by three processes, 100 requests/s each", "by one process", Goal.SpeedAtLeast(2.5),
            () => FillAsync(members: 3, "paced"), () => FillAsync(members: 1, "paced"));
        yield return new Comparison(
            "300 streams x 10,000 bars by a cluster of one process, no limit", "by this process, no cluster", Goal.TimeAtMost(1.1),
            () => FillAsync(members: 1, "unpaced"), () => FillAsync(members: 0, "unpaced"));
    }

    public async ValueTask DisposeAsync()
    {
        await _exchange.DisposeAsync();
        await _server.DisposeAsync();
        _folder.Dispose();
    }

    private string ProfileOf(string name) => _folder.File($"{name}.json");

    private async Task<TimeSpan> FillAsync(int members, string profile)
    {
        string cluster = _server.UriOf(await _server.CreateDatabaseAsync());
        string storeName = _server.UriOf(await _server.CreateDatabaseAsync());
        await using IHistoryStore store = HistoryStoreFactory.Open(storeName);
        IDataFetcher source = SourceFactory.OfProfile(ProfileOf(profile)).Open(new() { BaseUri = _exchange.BaseUri });
        BackfillRequest[] requests =
        [
            .. _markets.Select(market => new BackfillRequest(store, source, new StreamKey(market.Symbol, BarInterval.FromSeconds(60)), [Asked])),
        ];
        if (members == 0)
        {
            return await MeasureAsync(new BackfillEngine().RunAsync(requests));
        }

        List<Process> processes = [];
        try
        {
            for (int member = 0; member < members; member++)
            {
                processes.Add(Process.Start(new ProcessStartInfo(
                    "dotnet",
                    [
                        Path.Combine(AppContext.BaseDirectory, "qmtl.dll"), "join", "--cluster", cluster, "--store", storeName, "--source", ProfileOf(profile),
                        "--base-uri", _exchange.BaseUri.ToString(), "--port", "0", "--client-port", "0",
                    ])
                { RedirectStandardOutput = true })!);
            }

            await Task.WhenAll(processes.Select(static process => process.StandardOutput.ReadLineAsync()));
            await using ClusterClient client = await ClusterClient.ConnectAsync(ClusterAddress.Parse(cluster));
            while ((await client.GetMembersAsync()).Count(static member => member.State == "Active") < members)
            {
                await Task.Delay(50);
            }

            return await MeasureAsync(new ClusterBackfill(client).RunAsync(requests));
        }
        finally
        {
            processes.ForEach(static process =>
            {
                process.Kill();
                process.WaitForExit();
                process.Dispose();
            });
        }
    }

    private static async Task<TimeSpan> MeasureAsync(IAsyncEnumerable<BackfillResult> running)
    {
        long started = Stopwatch.GetTimestamp();
        long written = 0;
        await foreach (BackfillResult result in running)
        {
            written += result.BarsWritten;
        }

        TimeSpan elapsed = Stopwatch.GetElapsedTime(started);
        return written == Streams * Bars ? elapsed : throw new InvalidOperationException($"{written} bars were written, not {Streams * Bars}.");
    }
}
