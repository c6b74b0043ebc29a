using Qmtl.Data;
using Qmtl.History;
using Qmtl.Time;
using Qmtl.Unit.Fixtures;
using static Qmtl.Unit.Fixtures.Columns;

namespace Qmtl.Unit.History;

public abstract partial class HistoryStoreContract
{
    private static async Task<List<BarRevision>> TrailAsync(IHistoryStore store, TimeRange? within = null) =>
        await store.ReadRevisionsAsync(Stream, within).ToListAsync();

    [StoreFact]
    public async Task Removing_a_range_leaves_it_as_if_it_had_never_been_asked_for()
    {
        await using IHistoryStore store = Open();
        await store.WriteAsync(Stream, [Page(Frame(0, 60, 120, 240), Set((0, 600)), Set((180, 180), (300, 600)))]);

        Assert.Equal(new RemovedHistory(2, 3), await store.RemoveAsync(Stream, new TimeRange(110, 370)));
        Assert.Equal(Set((0, 60)), await store.GetCoverageAsync(Stream));
        Assert.Equal(Set((420, 600)), await store.GetKnownEmptyAsync(Stream, Source));
        Assert.Equal(new RemovedHistory(0, 0), await store.RemoveAsync(Stream, new TimeRange(110, 370)));

        await WriteAsync(store, Frame(120, 240));
        Assert.Equal([0, 60, 120, 240], OpensOf(await ReadOneAsync(store)));
        Assert.Equal([0.0, 30.0, 60.0, 120.0], ValuesOf(await ReadOneAsync(store), "close"));
    }

    [StoreFact]
    public async Task Removing_a_stream_leaves_every_other_stream_of_its_table()
    {
        StreamKey[] others = [new("BTCUSDT", BarInterval.FromSeconds(300)), new("btcusdt", Minute), new("ETHUSDT", Minute)];
        await using IHistoryStore store = Open("bars");
        foreach (StreamKey stream in others.Append(Stream))
        {
            await WriteAsync(store, stream, new BarFrame(stream.Interval, new long[] { 0, 300 }, [Doubles("close", 1.0, 2.0)]));
        }

        Assert.Equal(new RemovedHistory(2, 0), await store.RemoveAsync(Stream));
        Assert.Equal(others.OrderBy(stream => stream.NodeId, StringComparer.Ordinal), await store.GetStreamsAsync());
        Assert.Empty(await ReadAsync(store, Stream));
        foreach (StreamKey stream in others)
        {
            Assert.Equal([1.0, 2.0], ValuesOf(await ReadOneAsync(store, stream), "close"));
        }
    }

    [StoreFact]
    public async Task Removing_what_is_not_there_changes_nothing_and_makes_nothing()
    {
        await using IHistoryStore store = Open();
        Assert.Equal(new RemovedHistory(0, 0), await store.RemoveAsync(Stream));
        Assert.Equal(0, await store.ForgetEmptyAsync(Stream));
        Assert.Empty(await TrailAsync(store));
        await WriteAsync(store, new StreamKey("other", Minute), Frame(60));
        Assert.Equal(new RemovedHistory(0, 0), await store.RemoveAsync(Stream, new TimeRange(0, 600)));
        await ExecuteAsync("CREATE TABLE \"BTCUSDT\" (anything integer)");
    }

    [StoreFact]
    public async Task A_stream_can_be_removed_and_written_many_times()
    {
        await using IHistoryStore store = Open();
        for (int turn = 1; turn <= 3; turn++)
        {
            await WriteAsync(store, Frame([0, 60, 120], Doubles("close", turn, turn, turn)));
            Assert.Equal([(double)turn, (double)turn, (double)turn], ValuesOf(await ReadOneAsync(store), "close"));
            Assert.Equal(3, (await store.RemoveAsync(Stream)).Bars);
            Assert.Empty(await store.GetStreamsAsync());
        }
    }

    [StoreFact]
    public async Task Emptiness_is_forgotten_by_source_and_range()
    {
        await using IHistoryStore store = Open();
        await store.WriteAsync(Stream, [Page(Frame(60), Set((0, 600)), Set((120, 600)), "a"), Page(NoBars, Set((0, 600)), Set((300, 600)), "b")]);

        Assert.Equal(2, await store.ForgetEmptyAsync(Stream, "a", new TimeRange(240, 300)));
        Assert.Equal(Set((120, 180), (360, 600)), await store.GetKnownEmptyAsync(Stream, "a"));
        Assert.Equal(Set((300, 600)), await store.GetKnownEmptyAsync(Stream, "b"));
        Assert.Equal(7, await store.ForgetEmptyAsync(Stream, within: new TimeRange(0, 540)));
        Assert.Equal(Set((600, 600)), await store.GetKnownEmptyAsync(Stream, null));
        Assert.Equal(1, await store.ForgetEmptyAsync(Stream));
        Assert.Equal(0, await store.ForgetEmptyAsync(Stream));
        Assert.Equal(Set((60, 60)), await store.GetCoverageAsync(Stream));
    }

    [StoreFact]
    public async Task A_revision_writes_what_differs_and_leaves_a_trail_of_it()
    {
        var clock = new StandingClock { Now = DateTimeOffset.Parse("2024-05-01T12:00:00.000001Z", null) };
        await using IHistoryStore store = Open(timeProvider: clock);
        await WriteAsync(store, Frame([0, 60, 120, 240], Doubles("close", 1.0, 2.0, 3.0, 5.0), Doubles("open", 1.5, 2.5, 3.5, 5.5), Texts("note", "a", "b", "c", "d")));
        BarPage[] pages =
        [
            Page(Frame([0, 60], Doubles("close", 1.0, 2.0), Texts("note", "a", "B")), Set((0, 60)), source: "fresh"),
            Page(Frame([120, 180], Longs("close", 4, 4), Texts("note", "c", null)), Set((120, 300)), Set((240, 300)), "fresh"),
        ];

        RevisedHistory revised = await store.ReviseAsync(Stream, pages, trailAdded: true);
        Assert.Equal(Set((180, 180)), revised.Added);
        Assert.Equal(Set((60, 120)), revised.Replaced);
        Assert.Equal(Set((300, 300)), revised.Empty);
        Assert.Equal(
            [
                new(60, BarDifferenceKind.Different, "note", "b", "B"),
                new(120, BarDifferenceKind.Different, "close", 3.0, 4L),
                new(180, BarDifferenceKind.Missing),
                new(240, BarDifferenceKind.Extra),
            ],
            revised.Differences);

        BarFrame read = await ReadOneAsync(store);
        Assert.Equal([0, 60, 120, 180, 240], OpensOf(read));
        Assert.Equal([1.0, 2.0, 4.0, 4.0, 5.0], ValuesOf(read, "close"));
        Assert.Equal([1.5, 2.5, 3.5, null, 5.5], ValuesOf(read, "open"));
        Assert.Equal(["a", "B", "c", null, "d"], ValuesOf(read, "note"));
        Assert.Equal(Set((300, 300)), await store.GetKnownEmptyAsync(Stream, "fresh"));

        BarRevision[] trail =
        [
            new(60, "note", "b", "B", "fresh", clock.Now),
            new(120, "close", "3", "4", "fresh", clock.Now),
            new(180, null, null, null, "fresh", clock.Now),
        ];
        Assert.Equal(trail, await TrailAsync(store));

        // The same once more changes nothing, and leaves no second trail.
        RevisedHistory again = await store.ReviseAsync(Stream, pages, trailAdded: true);
        Assert.True(again.Added.IsEmpty && again.Replaced.IsEmpty);
        Assert.Equal(trail, await TrailAsync(store));
        Assert.Equal(trail[1..2], await TrailAsync(store, new TimeRange(61, 179)));
    }

    [StoreFact]
    public async Task The_trail_tells_every_change_of_a_value_in_order()
    {
        var clock = new StandingClock { Now = DateTimeOffset.Parse("2024-05-01T12:00:00Z", null) };
        await using IHistoryStore store = Open(timeProvider: clock);
        await WriteAsync(store, Frame([60], Doubles("close", 1.0)));
        foreach (double value in (double[])[2.5, double.NaN, 0.1])
        {
            clock.Now += TimeSpan.FromMicroseconds(1);
            await store.ReviseAsync(Stream, [Page(Frame([60, 120], Doubles("close", value, 7)), source: "s")], trailAdded: false);
        }

        // No value is no reason to lose one.
        Assert.Equal([("1", "2.5"), ("2.5", "0.1")], (await TrailAsync(store)).Select(entry => (entry.Was, entry.Is)));
        Assert.Equal(Set((60, 120)), await store.GetCoverageAsync(Stream));
    }

    [StoreFact]
    public async Task A_blank_of_the_source_is_told_and_takes_no_value_away()
    {
        await using IHistoryStore store = Open();
        await WriteAsync(store, Frame([60, 120, 180], Doubles("close", 1.0, 2.0, 3.0), Doubles("open", 1.5, 2.5, 3.5), Texts("note", "a", "b", "c")));
        BarFrame blanks = Frame(
            [60, 120, 180, 240],
            Doubles("close", 1.0, 9.0, double.NaN, 4.0),
            new BarColumn<double>("open", new[] { 0, 8.5, 7.5, 0 }, new[] { true, false, false, true }),
            Texts("note", null, null, "C", null));

        RevisedHistory revised = await store.ReviseAsync(Stream, [Page(blanks, Set((60, 240)))], trailAdded: true);
        Assert.Equal((Set((120, 180)), Set((240, 240))), (revised.Replaced, revised.Added));
        BarFrame read = await ReadOneAsync(store);
        Assert.Equal([1.0, 9.0, 3.0, 4.0], ValuesOf(read, "close"));
        Assert.Equal([1.5, 8.5, 7.5, null], ValuesOf(read, "open"));
        Assert.Equal(["a", "b", "C", null], ValuesOf(read, "note"));
        Assert.Equal(
            [(60, "open", false), (60, "note", false), (120, "close", true), (120, "open", true), (120, "note", false), (180, "close", false), (180, "open", true), (180, "note", true), (240, null, true)],
            revised.Differences.Select(difference => (difference.Timestamp, difference.Column, difference.IsRepairable)));
        Assert.Equal(
            [(120L, "close"), (120L, "open"), (180L, "note"), (180L, "open"), (240L, null)],
            (await TrailAsync(store)).OrderBy(entry => entry.Timestamp).ThenBy(entry => entry.Column, StringComparer.Ordinal).Select(entry => (entry.Timestamp, entry.Column)));

        // What is told and left is told again, and is no change.
        RevisedHistory again = await store.ReviseAsync(Stream, [Page(blanks, Set((60, 240)))], trailAdded: true);
        Assert.True(again.Added.IsEmpty && again.Replaced.IsEmpty);
    }

    [StoreFact]
    public async Task Rows_that_are_no_bars_are_removed_also_where_no_bar_is()
    {
        await ExecuteAsync(CreateForeignTable);
        foreach (long timestamp in new List<long> { 60, 91, 120, 151 })
        {
            await ExecuteAsync(Row(timestamp, 1));
        }

        await using IHistoryStore store = Open();
        Assert.Equal(new RemovedHistory(0, 0), await store.RemoveAsync(Stream, new TimeRange(91, 91)));
        Assert.Equal(new RemovedHistory(0, 0), await store.RemoveAsync(Stream, new TimeRange(130, 170)));
        Assert.Equal(2L, await ScalarAsync("SELECT count(*) FROM \"BTCUSDT\""));
        Assert.Equal(Set((60, 120)), await store.GetCoverageAsync(Stream));
    }

    [StoreFact]
    public async Task A_revision_of_a_stream_that_is_not_there_adds_it()
    {
        await using IHistoryStore store = Open();
        RevisedHistory revised = await store.ReviseAsync(Stream, [Page(Frame(60, 120), Set((60, 180)), Set((180, 180)))], trailAdded: false);
        Assert.Equal(Set((60, 120)), revised.Added);
        Assert.Equal(Set((60, 120)), await store.GetCoverageAsync(Stream));
        Assert.Equal(Set((180, 180)), await store.GetKnownEmptyAsync(Stream, Source));
        Assert.Empty(await TrailAsync(store));
        Assert.Equal([Stream], await store.GetStreamsAsync());
    }

    [StoreFact]
    public async Task A_column_that_only_the_source_has_is_a_difference_and_one_that_only_the_store_has_is_none()
    {
        await using IHistoryStore store = Open();
        await WriteAsync(store, Frame([60, 120], Doubles("close", 1.0, 2.0), Doubles("mine", 7.0, 8.0)));
        RevisedHistory revised = await store.ReviseAsync(Stream, [Page(Frame([60, 120], Doubles("CLOSE", 1.0, 2.0), Longs("trades", 5, 6)))], trailAdded: false);
        Assert.Equal(Set((60, 120)), revised.Replaced);
        BarFrame read = await ReadOneAsync(store);
        Assert.Equal([7.0, 8.0], ValuesOf(read, "mine"));
        Assert.Equal([5L, 6L], ValuesOf(read, "trades"));
        Assert.Equal([(60, "trades", null, "5"), (120, "trades", null, "6")], (await TrailAsync(store)).Select(entry => (entry.Timestamp, entry.Column, entry.Was, entry.Is)));
    }

    [StoreFact]
    public async Task A_long_trail_is_read_in_pieces()
    {
        const int Bars = 1501;
        long[] opens = [.. Enumerable.Range(0, Bars).Select(bar => bar * 60L)];
        await using IHistoryStore store = Open();
        await WriteAsync(store, Frame(opens, Doubles("open", new double[Bars]), Doubles("close", new double[Bars])));
        double[] values = [.. opens.Select(open => open + 1.0)];
        await store.ReviseAsync(Stream, [Page(Frame(opens, Doubles("open", values), Doubles("close", values)))], trailAdded: false);

        List<BarRevision> trail = await TrailAsync(store);
        Assert.Equal(opens.SelectMany(open => (string[])[$"{open} close", $"{open} open"]), trail.Select(entry => $"{entry.Timestamp} {entry.Column}"));
    }

    [StoreFact]
    public async Task A_revision_that_fails_leaves_neither_a_change_nor_a_trail()
    {
        await ExecuteAsync("CREATE TABLE \"BTCUSDT\" (node_id text, \"interval\" integer, ts bigint, close double precision CHECK (close < 100), PRIMARY KEY (node_id, \"interval\", ts))");
        await using IHistoryStore store = Open();
        await WriteAsync(store, Frame([60, 120], Doubles("close", 1.0, 2.0)));
        await Assert.ThrowsAsync<StoreException>(() => store.ReviseAsync(
            Stream, [Page(Frame([60, 120, 180], Doubles("close", 5.0, 500.0, 3.0)), Set((0, 180)), Set((0, 0)))], trailAdded: true));
        Assert.Equal([1.0, 2.0], ValuesOf(await ReadOneAsync(store), "close"));
        Assert.Empty(await TrailAsync(store));
        Assert.True((await store.GetKnownEmptyAsync(Stream, null)).IsEmpty);
    }

    [StoreFact]
    public async Task Bars_that_are_twice_in_a_table_without_a_key_are_revised_and_removed_as_one()
    {
        await ExecuteAsync(CreateForeignTable);
        foreach (long timestamp in new List<long> { 60, 120, 120, 121, 180 })
        {
            await ExecuteAsync(Row(timestamp, 1));
        }

        await using IHistoryStore store = Open();
        RevisedHistory revised = await store.ReviseAsync(Stream, [Page(Frame([60, 120], Doubles("close", 1.0, 9.0)))], trailAdded: true);
        Assert.Equal(Set((120, 120)), revised.Replaced);
        Assert.Equal([1.0, 9.0, 1.0], ValuesOf(await ReadOneAsync(store), "close"));
        Assert.Single(await TrailAsync(store));
        Assert.Equal(new RemovedHistory(1, 0), await store.RemoveAsync(Stream, new TimeRange(120, 130)));
        Assert.Equal(2L, await ScalarAsync("SELECT count(*) FROM \"BTCUSDT\""));
    }

    [StoreFact]
    public async Task A_bar_in_two_pages_of_a_revision_is_refused()
    {
        await using IHistoryStore store = Open();
        await Assert.ThrowsAsync<ArgumentException>(() => store.ReviseAsync(Stream, [Page(Frame(60, 120)), Page(Frame(120, 180))], trailAdded: false));
        Assert.True((await store.GetCoverageAsync(Stream)).IsEmpty);
    }

    // Its time of day stands, and who waits by it need not wait for ever, as a store does that asks whether a write can be read.
    private sealed class StandingClock : TimeProvider
    {
        public DateTimeOffset Now { get; set; }

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
