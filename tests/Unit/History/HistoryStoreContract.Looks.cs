using Qmtl.Data;
using Qmtl.History;
using Qmtl.Time;
using Qmtl.Unit.Fixtures;
using static Qmtl.Unit.Fixtures.Columns;

namespace Qmtl.Unit.History;

public abstract partial class HistoryStoreContract
{
    [StoreFact]
    public async Task Many_ranges_are_read_as_each_would_be()
    {
        StreamKey[] streams = Streams(4);
        await using IHistoryStore store = Open();
        foreach ((StreamKey stream, int number) in streams.Select((stream, number) => (stream, number)).Take(3))
        {
            await store.WriteAsync(stream, [
                Page(Frame([60, 180, 240], Doubles("close", number, 1, 2), Texts("note", null, "x", "y")), Set((0, 600)), Set((300, 360))),
                Page(Frame(), Set((0, 0)), Set((0, 0)), "elsewhere")]);
        }

        var long5 = new StreamKey("long", Minute);
        await WriteAsync(store, long5, Frame([.. Enumerable.Range(0, 10_000).Select(bar => bar * 60L)]));
        StreamRange[] ranges =
        [
            .. streams.Select(stream => new StreamRange(stream, new TimeRange(0, 300), Source)),
            new(streams[0], new TimeRange(61, 179), Source),
            new(streams[1], new TimeRange(0, 600), null),
            new(Stream, new TimeRange(0, 600), Source),
            new(long5, new TimeRange(60, 9_000 * 60), Source),
        ];
        IReadOnlyList<StoredRange> all = await store.ReadManyAsync(ranges);

        Assert.Equal(ranges.Length, all.Count);
        for (int i = 0; i < ranges.Length; i++)
        {
            List<BarFrame> each = await ReadAsync(store, ranges[i].Stream, ranges[i].Range.Start, ranges[i].Range.End);
            Assert.Equal(each.SelectMany(frame => OpensOf(frame)), all[i].Frames.SelectMany(frame => OpensOf(frame)));
            Assert.Equal(
                each.SelectMany(frame => ValuesOf(frame, "close").Concat(ValuesOf(frame, "note"))),
                all[i].Frames.SelectMany(frame => ValuesOf(frame, "close").Concat(ValuesOf(frame, "note"))));
            Assert.Equal(await store.GetKnownEmptyAsync(ranges[i].Stream, ranges[i].Source, ranges[i].Range), all[i].Empty);
        }

        Assert.Equal(Set((300, 300)), all[0].Empty);
        Assert.Equal(9000, all[^1].Frames.Sum(frame => frame.Count));
    }

    [StoreFact]
    public async Task What_other_programs_do_to_tables_between_two_looks_at_many_is_seen()
    {
        StreamKey[] streams = Streams(4);
        await using IHistoryStore store = Open();
        foreach (StreamKey stream in streams)
        {
            await WriteAsync(store, stream, Frame([60], Doubles("close", 1)));
        }

        Assert.Equal([1.0, 1.0, 1.0, 1.0], await LookAsync("close"));
        await ExecuteAsync("ALTER TABLE \"N00\" RENAME COLUMN close TO last");
        Assert.Equal([null, 1.0, 1.0, 1.0], await LookAsync("close"));
        Assert.Equal([1.0, null, null, null], await LookAsync("last"));

        await ExecuteAsync("DROP TABLE \"N01\"");
        Assert.Equal([null, null, 1.0, 1.0], await LookAsync("close"));

        // The same name, and another type.
        await ExecuteAsync("DROP TABLE \"N02\"");
        await using (IHistoryStore other = Open())
        {
            await WriteAsync(other, streams[1], Frame([60], Doubles("close", 2)));
            await WriteAsync(other, streams[2], Frame([60], new BarColumn<string?>("close", new string?[] { "up" })));
        }

        Assert.Equal([null, 2.0, "up", 1.0], await LookAsync("close"));
        await ExecuteAsync("DROP TABLE \"N03\"");
        Assert.All(
            await store.WriteManyAsync([.. streams[2..].Select(stream => WriteOf(stream, Page(Frame([120], new BarColumn<string?>("close", new string?[] { "down" })))))]), Assert.Null);
        Assert.Equal(["up", "down"], ValuesOf(await ReadOneAsync(store, streams[2]), "close"));
        Assert.Equal(["down"], ValuesOf(await ReadOneAsync(store, streams[3]), "close"));

        async Task<object?[]> LookAsync(string column)
        {
            IReadOnlyList<StoredRange> looked = await store.ReadManyAsync(
                [.. streams.Select(stream => new StreamRange(stream, new TimeRange(0, 600), null))]);
            return [.. looked.Select(stored => stored.Frames.Count == 0 || stored.Frames[0].FindColumn(column) is null ? null : ValuesOf(stored.Frames[0], column)[0])];
        }
    }

    [StoreFact]
    public async Task The_newest_bar_of_each_stream_is_known()
    {
        var week = new StreamKey("it's", BarInterval.FromSeconds(604_800));
        StreamKey[] streams = Streams(3);
        await using IHistoryStore store = Open();
        await WriteAsync(store, streams[0], Frame(60, 6000));
        await WriteAsync(store, new StreamKey("N00", BarInterval.FromSeconds(300)), new BarFrame(BarInterval.FromSeconds(300), new long[] { 9000 }, []));
        await WriteAsync(store, streams[1], Frame(120));
        long monday = week.Interval.Floor(1_000_000);
        await WriteAsync(store, week, new BarFrame(week.Interval, new[] { monday }, []));

        IReadOnlyDictionary<StreamKey, long> newest = await store.GetNewestAsync([.. streams, Stream, week, new StreamKey("BTCUSDT", BarInterval.FromSeconds(300))]);
        Assert.Equal(
            [(streams[0], 6000), (streams[1], 120), (week, monday)],
            newest.OrderBy(entry => entry.Key.NodeId, StringComparer.Ordinal).Select(entry => (entry.Key, entry.Value)));
    }

    [StoreFact]
    public async Task Rows_of_others_are_no_bars_among_many_either()
    {
        await ExecuteAsync(CreateForeignTable);
        foreach (long timestamp in new List<long> { 180, 60, 120, 120, 119, 211 })
        {
            await ExecuteAsync(Row(timestamp, 1));
        }

        var other = new StreamKey("other", Minute);
        await using IHistoryStore store = Open();
        await WriteAsync(store, other, Frame(60));
        Assert.Equal(
            [(Stream, 180), (other, 60)],
            (await store.GetNewestAsync([other, Stream])).OrderBy(entry => entry.Key.NodeId, StringComparer.Ordinal).Select(entry => (entry.Key, entry.Value)));
        IReadOnlyList<StoredRange> read = await store.ReadManyAsync(
            [new StreamRange(Stream, new TimeRange(0, 300), null), new StreamRange(other, new TimeRange(0, 300), null)]);
        Assert.Equal([60, 120, 180], OpensOf(Assert.Single(read[0].Frames)));

        // Without a key nothing but this code keeps a bar from being there twice.
        Assert.All(
            await store.WriteManyAsync([WriteOf(Stream, Page(Frame(120, 240))), WriteOf(other, Page(Frame(120)))]), Assert.Null);
        Assert.Equal([1.0, 60.0, 1.0, 120.0], ValuesOf(await ReadOneAsync(store), "close"));
        Assert.Equal(7L, await ScalarAsync("SELECT count(*) FROM \"BTCUSDT\""));
    }
}
