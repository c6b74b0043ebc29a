using System.Globalization;
using Crossover;
using Qmtl.Backfill;
using Qmtl.Strategies;
using Qmtl.Streams;
using Qmtl.Time;

// Backfills three streams from files of candles, replays them through a fast and a slow moving average each, and prints where the
// two cross. samples/crossover.ps1 does the same in PowerShell and prints the same.
//
// dotnet run --project samples/Crossover
string work = Directory.CreateTempSubdirectory("qmtl-crossover-").FullName;
CrossoverStrategy? strategy = null;
try
{
    using var stop = new CancellationTokenSource();
    Console.CancelKeyPress += (_, pressed) =>
    {
        pressed.Cancel = true;
        stop.Cancel();
    };

    string data = Candles.FindOrMake(work);
    strategy = new CrossoverStrategy(data, work);
    var end = UnixTime.Parse("2018-02-01").ToUnixTimeSeconds();

    // Fills the stores with what the files have; what is there already is not asked for again. The files end before the range does, so
    // the outcome is Partial; FillMissingAsync of the provider, which promises every bar, would make an error of that.
    var engine = new BackfillEngine();
    foreach (StreamInput stream in strategy.Nodes.OfType<StreamInput>())
    {
        var provider = (StoreHistoryProvider)stream.HistoryProvider!;
        var request = new BackfillRequest(provider.Store, provider.Fetcher!, stream.Key, [new TimeRange(Market.Of(stream.NodeId).First, end)]);
        await foreach (BackfillResult result in engine.RunAsync([request], stop.Token))
        {
            if (result.Error is { } error)
            {
                throw error;
            }
        }
    }

    int crossings = 0;
    var replay = new TimeRange(UnixTime.Parse("2017-12-01").ToUnixTimeSeconds(), end);
    await foreach (NodeResult result in new Pipeline(strategy).ReplayAsync(replay, stop.Token))
    {
        if (strategy.Crossings.Contains(result.Node))
        {
            crossings++;
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"{UnixTime.FromSeconds(result.Timestamp):yyyy-MM-dd HH:mm}Z {result.Node.Name} {result.Payload}"));
        }
    }

    Console.WriteLine($"{crossings} crossings.");
}
finally
{
    if (strategy is not null)
    {
        await strategy.DisposeAsync();
    }

    Directory.Delete(work, recursive: true);
}
