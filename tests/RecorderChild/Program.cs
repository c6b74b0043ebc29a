using System.Globalization;
using Qmtl.Data;
using Qmtl.History;
using Qmtl.RecorderChild;
using Qmtl.Recording;
using Qmtl.Time;

// Records rows until it is killed; tests do that. It writes how many rows were accepted so far, a line for each hundred, and then waits.
//   away <identity> <spool folder> <first row> <rows>   for a destination that cannot be reached
//   store <store> <spool folder> <first row> <rows>     into a store, delivering all the time
//   newest <store> <streams> <first bar> <bars>         completes bar after bar of many streams; a line for each bar that all have
if (args is ["newest", string newestStore, string streams, string firstBar, string bars])
{
    await NewestBarsRun.RunAsync(
        newestStore,
        int.Parse(streams, CultureInfo.InvariantCulture),
        long.Parse(firstBar, CultureInfo.InvariantCulture),
        long.Parse(bars, CultureInfo.InvariantCulture));
    return 0;
}

if (args is not ["away" or "store", string destination, string spoolFolder, string first, string rows])
{
    Console.Error.WriteLine("away|store <destination> <spool folder> <first row> <rows>");
    return 2;
}

IEventRecorder recorder = args[0] == "away" ? new AwayRecorder(destination) : new StoreRecorder(HistoryStoreFactory.Open(destination));
var options = new EventRecorderOptions { SpoolFolder = spoolFolder, FlushInterval = TimeSpan.FromMilliseconds(5), BatchRows = 500 };
await using var service = new EventRecorderService(recorder, options);
var stream = new StreamKey("RECORDED", BarInterval.FromSeconds(60));
long start = long.Parse(first, CultureInfo.InvariantCulture);
long end = start + long.Parse(rows, CultureInfo.InvariantCulture);
for (long row = start; row < end; row++)
{
    service.Record(stream, row * 60, row + 0.5);
    if ((row + 1) % 100 == 0)
    {
        Console.Out.WriteLine((row + 1).ToString(CultureInfo.InvariantCulture));
        Console.Out.Flush();
    }
}

Console.Out.WriteLine("done");
Console.Out.Flush();
_ = Console.In.ReadLine();
return 0;
