using Qmtl.Data;
using Qmtl.History;
using Qmtl.History.QuestDb;
using Qmtl.Time;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.History.QuestDb;

/// <summary>What tests of the store on a real server share: an empty server before each, and few words for frames and pages.</summary>
public abstract class QuestDbStoreTest(QuestDbServer server) : IAsyncLifetime
{
    private protected static BarInterval Minute { get; } = BarInterval.FromSeconds(60);

    private protected static StreamKey Stream { get; } = new("BTCUSDT", Minute);

    private protected static Uri ClosedPort { get; } = new("http://127.0.0.1:1");

    private protected QuestDbServer Server => server;

    public Task InitializeAsync() => QuestDbServer.MissingReason is null ? server.ResetAsync() : Task.CompletedTask;

    public Task DisposeAsync() => Task.CompletedTask;

    private protected static QuestDbHistoryStore Open(string? table = null, Uri? httpUri = null, TimeProvider? timeProvider = null) =>
        new(QuestDbServer.ConnectionString!, table, null, httpUri, timeProvider);

    private protected static BarFrame Frame(params long[] timestamps) =>
        new(Minute, timestamps, [new BarColumn<double>("close", Array.ConvertAll(timestamps, timestamp => timestamp / 2.0))]);

    private protected static BarFrame Frame(long[] timestamps, params BarColumn[] columns) => new(Minute, timestamps, columns);

    private protected static TimeRangeSet Set(params (long Start, long End)[] ranges) => new(Minute, ranges.Select(range => new TimeRange(range.Start, range.End)));

    private protected static BarPage Page(BarFrame frame, TimeRangeSet? empty = null, TimeRangeSet? asked = null) => new("exchange", frame, asked ?? Set(), empty ?? Set());

    private protected static Task WriteAsync(IHistoryStore store, params BarFrame[] frames) => WriteAsync(store, Stream, frames);

    private protected static Task WriteAsync(IHistoryStore store, StreamKey stream, params BarFrame[] frames) =>
        store.WriteAsync(stream, [.. frames.Select(frame => new BarPage("exchange", frame, TimeRangeSet.Empty(stream.Interval), TimeRangeSet.Empty(stream.Interval)))]);

    private protected static async Task<BarFrame> ReadOneAsync(IHistoryStore store)
    {
        var frames = new List<BarFrame>();
        await foreach (BarFrame frame in store.ReadAsync(Stream, new TimeRange(long.MinValue, long.MaxValue)))
        {
            frames.Add(frame);
        }

        return Assert.Single(frames);
    }

    private protected static IEnumerable<long> OpensOf(BarFrame frame) => frame.Timestamps.ToArray();

    private protected static object?[] ValuesOf(BarFrame frame, string column) =>
        [.. Enumerable.Range(0, frame.Count).Select(row => frame.FindColumn(column)?.GetValue(row))];
}
