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

    // What Binance grants an address: 6,000 of its weights a minute, two for a page. One process needs a minute for the 3,000 pages.
    private const int RequestsPerSecond = 50;

    // A member is a service that has run for long: by then the runtime has compiled what is run often.
    private const int StreamsBefore = 30;

    private const long First = 1_704_067_200;

    private static readonly TimeRange Asked = new(First, First + ((Bars - 1) * 60L));
    private static readonly TimeRange AskedBefore = new(First - (Bars * 60L), First - 60);

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
            $"300 streams x 10,000 bars by three processes, {RequestsPerSecond} requests/s each", "by one process", Goal.SpeedAtLeast(2.5),
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
        if (members == 0)
        {
            return await MeasureAsync(requests => new BackfillEngine().RunAsync(requests), store, source);
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

            return await MeasureAsync(requests => new ClusterBackfill(client).RunAsync(requests), store, source);
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

    private async Task<TimeSpan> MeasureAsync(
        Func<IReadOnlyList<BackfillRequest>, IAsyncEnumerable<BackfillResult>> fill, IHistoryStore store, IDataFetcher source)
    {
        await RunAsync(StreamsBefore, AskedBefore);
        long started = Stopwatch.GetTimestamp();
        await RunAsync(Streams, Asked);
        return Stopwatch.GetElapsedTime(started);

        async Task RunAsync(int streams, TimeRange range)
        {
            long written = 0;
            await foreach (BackfillResult result in fill(
                [
                    .. _markets.Take(streams).Select(market => new BackfillRequest(
                        store, source, new StreamKey(market.Symbol, BarInterval.FromSeconds(60)), [range])),
                ]))
            {
                written += result.BarsWritten;
            }

            if (written != streams * Bars)
            {
                throw new InvalidOperationException($"{written} bars were written, not {streams * Bars}.");
            }
        }
    }
}
