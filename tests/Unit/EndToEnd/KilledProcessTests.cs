using System.Globalization;
using Qmtl.Data;
using Qmtl.Simulation;
using Qmtl.Simulation.Markets;
using Qmtl.Time;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.EndToEnd;

/// <summary>Kills a backfill with SIGKILL again and again, wherever it happens to be, and checks what the next one finds.</summary>
[Collection(PostgreSqlCollection.Name)]
public sealed class KilledProcessTests(PostgreSqlServer server) : IDisposable
{
    private const int Kills = 20;

    private static readonly StreamKey Stream = new("XRPETH", BarInterval.FromSeconds(60));

    // Two years of minutes are over a thousand requests: more than all killed runs together get to make.
    private static readonly TimeRange Range = new(1_640_995_200, 1_640_995_200 + (60 * ((2 * 525_600) - 1)));

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public Task A_sqlite_store_survives_every_kill() => SurviveAsync(_folder.File("bars.db"), seed: 1);

    [PostgreSqlFact]
    public async Task A_postgresql_store_survives_every_kill() => await SurviveAsync(server.UriOf(await server.CreateDatabaseAsync()), seed: 2);

    public void Dispose() => _folder.Dispose();

    private static string[] Arguments(string store, SimulatedExchange exchange) =>
    [
        "backfill", "--store", store, "--node", Stream.NodeId, "--interval", "1m", "--start", Text(Range.Start), "--end", Text(Range.End),
        "--source", "binance", "--base-uri", exchange.BaseUri.ToString(), "--json",
    ];

    private static string Text(long seconds) => seconds.ToString(CultureInfo.InvariantCulture);

    private static async Task SurviveAsync(string store, int seed)
    {
        var market = new GeneratedMarket(Stream.NodeId) { QuietShare = 0.2, Outages = new OutageSchedule() };
        await using SimulatedExchange exchange = SimulatedExchange.Start(
            new SimulatedExchangeOptions { Markets = [market], WeightPerMinute = null, Latency = TimeSpan.FromMilliseconds(10) });
        var random = new Random(seed);
        TimeRangeSet committed = TimeRangeSet.Empty(Stream.Interval);
        for (int kill = 0; kill < Kills; kill++)
        {
            int before = exchange.Requests.Count;
            await KillAfterAsync(exchange, Arguments(store, exchange), random.Next(1, 60), random.Next(0, 12));

            AssertNothingAskedTwice(exchange, before, committed);
            TimeRangeSet kept = await StoredHistory.CommittedAsync(store, Stream, Range);
            Assert.True(committed.Subtract(kept).IsEmpty, "A bar that was committed is gone.");
            committed = kept;
        }

        int last = exchange.Requests.Count;
        using QmtlProcess final = QmtlProcess.Start(Arguments(store, exchange));
        (int exitCode, string output, string error) = await final.WaitAsync();

        Assert.True(exitCode == 0, $"The last run ended with {exitCode}: {error}{output}");
        AssertNothingAskedTwice(exchange, last, committed);
        Assert.False(committed.IsEmpty, "No run got as far as a commit: the kills came too early to mean anything.");
        await StoredHistory.AssertCompleteAsync(store, Stream, market, Range);

        long asked = exchange.RequestCount;
        using QmtlProcess again = QmtlProcess.Start(Arguments(store, exchange));
        Assert.Equal(0, (await again.WaitAsync()).ExitCode);
        Assert.Equal(asked, exchange.RequestCount);
    }

    private static async Task KillAfterAsync(SimulatedExchange exchange, string[] arguments, int requests, int milliseconds)
    {
        long target = exchange.RequestCount + requests;
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        exchange.Faults.Rule = request =>
        {
            if (request.Number >= target)
            {
                reached.TrySetResult();
            }

            return null;
        };
        using QmtlProcess process = QmtlProcess.Start(arguments);
        Task<(int ExitCode, string Output, string Error)> ended = process.WaitAsync();
        await Task.WhenAny(reached.Task, ended);
        Assert.False(ended.IsCompleted, "The backfill was over before it was killed.");

        // Somewhere between an answer and its commit, never at the same place.
        await Task.Delay(milliseconds);
        process.Kill();
        await ended;
    }

    // A request begins and ends with a bar that is missing, so neither may have been committed before the process started.
    private static void AssertNothingAskedTwice(SimulatedExchange exchange, int from, TimeRangeSet committed) =>
        Assert.All(exchange.Requests.Skip(from), request => Assert.False(
            committed.Contains(request.Start!.Value) || committed.Contains(request.End!.Value),
            $"{UnixTime.Format(request.Start.Value)} to {UnixTime.Format(request.End!.Value)} was asked for again."));
}
