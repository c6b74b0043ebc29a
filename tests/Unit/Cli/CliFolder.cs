using Qmtl.Data;
using Qmtl.History;
using Qmtl.Time;

namespace Qmtl.Unit.Cli;

/// <summary>A temporary folder with a SQLite store in it; both are gone with the test.</summary>
internal sealed class CliFolder : IDisposable
{
    /// <summary>2024-01-01T00:00:00Z.</summary>
    public const long NewYear = 1_704_067_200;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("qmtl-test-");

    /// <summary>One-minute bars of BTCUSDT.</summary>
    public static StreamKey Stream { get; } = new("BTCUSDT", BarInterval.FromSeconds(60));

    /// <summary>Where the store is; the file does not exist before something is written.</summary>
    public string StorePath => PathOf("bars.db");

    /// <summary>A path in the folder.</summary>
    public string PathOf(string name) => Path.Combine(_folder.FullName, name);

    /// <summary>The open of the minute with that number since <see cref="NewYear"/>.</summary>
    public static long Minute(int number) => NewYear + (60 * number);

    /// <summary>Stores bars of <see cref="Stream"/>: the minutes with the given numbers, with close and trades.</summary>
    /// <param name="minutes">Ascending.</param>
    /// <param name="empty">Minutes that the source "binance" is known not to have.</param>
    public async Task WriteAsync(int[] minutes, params int[] empty)
    {
        long[] timestamps = [.. minutes.Select(Minute)];
        var frame = new BarFrame(Stream.Interval, timestamps,
        [
            new BarColumn<double>("close", minutes.Select(minute => minute + 0.5).ToArray()),
            new BarColumn<long>("trades", minutes.Select(minute => (long)minute).ToArray()),
        ]);
        var known = new TimeRangeSet(Stream.Interval, empty.Select(minute => new TimeRange(Minute(minute), Minute(minute))));
        await using IHistoryStore store = HistoryStoreFactory.Open(StorePath);
        await store.WriteAsync(Stream, [new BarPage("binance", frame, known, known)]);
    }

    /// <summary>The bars of a stream that are stored.</summary>
    public async Task<TimeRangeSet> CoverageAsync(StreamKey stream)
    {
        await using IHistoryStore store = HistoryStoreFactory.Open(StorePath);
        return await store.GetCoverageAsync(stream);
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
