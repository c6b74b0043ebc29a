using System.Globalization;
using Crossover;
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

    // Fills the stores with what the files have; what is there already is not asked for again.
    foreach (StreamInput stream in strategy.Nodes.OfType<StreamInput>())
    {
        var range = new TimeRange(Market.Of(stream.NodeId).First, end);
        await stream.HistoryProvider!.FillMissingAsync(stream.Key, range, stop.Token);
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
