using System.Globalization;
using Npgsql;
using Qmtl.Data;
using Qmtl.History;
using Qmtl.Simulation;
using Qmtl.Simulation.Markets;
using Qmtl.Time;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.EndToEnd;

/// <summary>
/// Kills repairs and forced backfills with SIGKILL wherever they happen to be: no bar is changed without its trail, nor told as changed that
/// is not, and the next run does the rest.
/// </summary>
[Collection(PostgreSqlCollection.Name)]
public sealed class KilledRevisionTests(PostgreSqlServer server) : IDisposable
{
    private const int Kills = 8;
    private const int Bars = 40_000;
    private const double Wrong = -1;

    private static readonly StreamKey Stream = new("XRPETH", BarInterval.FromSeconds(60));

    private static readonly TimeRange Range = new(1_640_995_200, 1_640_995_200 + (60 * (Bars - 1)));

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public Task In_sqlite_no_change_is_without_its_trail() => SurviveAsync(_folder.File("bars.db"), string.Empty, seed: 1, static () => Task.CompletedTask);

    [PostgreSqlFact]
    public async Task In_postgresql_no_change_is_without_its_trail()
    {
        string database = await server.CreateDatabaseAsync();
        await using NpgsqlDataSource source = NpgsqlDataSource.Create(server.ConnectionStringOf(database));

        // The server may be making a commit whose process was killed, and must not do so between two questions about it.
        await SurviveAsync(server.UriOf(database), "?application_name=killed", seed: 2, async () =>
        {
            await using NpgsqlCommand left = source.CreateCommand("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'killed'");
            while (await left.ExecuteScalarAsync() is not 0L)
            {
                await Task.Delay(1);
            }
        });
    }

    public void Dispose() => _folder.Dispose();

    private static string[] Arguments(string store, SimulatedExchange exchange, bool repairs) =>
    [
        .. repairs ? (string[])["compare", "--repair"] : ["backfill", "--force"],
        "--store", store, "--node", Stream.NodeId, "--interval", "1m", "--start", Text(Range.Start), "--end", Text(Range.End),
        "--source", "binance", "--base-uri", exchange.BaseUri.ToString(), "--no-bulk", "--json",
    ];

    private static string Text(long seconds) => seconds.ToString(CultureInfo.InvariantCulture);

    private static async Task SurviveAsync(string text, string processes, int seed, Func<Task> untilGone)
    {
        await using SimulatedExchange exchange = SimulatedExchange.Start(new SimulatedExchangeOptions
        {
            Markets = [new GeneratedMarket(Stream.NodeId)],
            WeightPerMinute = null,
            Latency = TimeSpan.FromMilliseconds(10),
        });
        await using IHistoryStore store = HistoryStoreFactory.Open(text);
        long[] opens = [.. Enumerable.Range(0, Bars).Select(bar => Range.Start + (60L * bar))];
        double[] closes = new double[Bars];
        Array.Fill(closes, Wrong);
        TimeRangeSet none = TimeRangeSet.Empty(Stream.Interval);
        await store.WriteAsync(Stream, [new BarPage("seed", new BarFrame(Stream.Interval, opens, [new BarColumn<double>("close", closes)]), none, none)]);

        var random = new Random(seed);
        int changed = 0;
        for (int kill = 0; kill < Kills; kill++)
        {
            await KillAfterAsync(exchange, Arguments(text + processes, exchange, repairs: kill % 2 == 0), random.Next(1, 30), random.Next(0, 12));
            await untilGone();
            int now = await ChangedAsync(store);
            Assert.True(now >= changed, "What was committed is gone.");
            changed = now;
        }

        Assert.True(changed > 0, "No run got as far as a commit: the kills came too early to mean anything.");
        using QmtlProcess final = QmtlProcess.Start(Arguments(text + processes, exchange, repairs: false));
        (int exitCode, string output, string error) = await final.WaitAsync();
        Assert.True(exitCode == 0, $"The last run ended with {exitCode}: {error}{output}");
        Assert.Equal(Bars, await ChangedAsync(store));
    }

    // How many bars have their right close, each of which has one entry that says so; the others have none.
    private static async Task<int> ChangedAsync(IHistoryStore store)
    {
        var told = new HashSet<long>();
        await foreach (BarRevision revision in store.ReadRevisionsAsync(Stream))
        {
            if (revision.Column == "close")
            {
                Assert.Equal("-1", revision.Was);
                Assert.True(told.Add(revision.Timestamp), $"{revision.Timestamp} is told twice.");
            }
        }

        int right = 0;
        await foreach (BarFrame frame in store.ReadAsync(Stream, Range))
        {
            foreach (BarRow row in frame.Rows)
            {
                bool isRight = row["close"] is not Wrong;
                Assert.Equal(isRight, told.Contains(row.Timestamp));
                right += isRight ? 1 : 0;
            }
        }

        Assert.Equal(told.Count, right);
        return right;
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

        // Somewhere between an answer and its commit, never at the same place.
        await Task.Delay(milliseconds);
        process.Kill();
        await ended;
    }
}
