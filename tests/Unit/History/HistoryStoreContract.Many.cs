using Qmtl.Data;
using Qmtl.History;
using Qmtl.Time;
using Qmtl.Unit.Fixtures;
using static Qmtl.Unit.Fixtures.Columns;

namespace Qmtl.Unit.History;

public abstract partial class HistoryStoreContract
{
    private static StreamKey[] Streams(int count) => [.. Enumerable.Range(0, count).Select(number => new StreamKey($"N{number:00}", Minute))];

    private static StreamWrite WriteOf(StreamKey stream, params BarPage[] pages) => new(stream, pages);

    private static async Task<double?> CloseAsync(IHistoryStore store, StreamKey stream, long open) =>
        (double?)(await ReadOneAsync(store, stream)).Rows.Single(row => row.Timestamp == open)["close"];

    [StoreFact]
    public async Task Many_streams_are_written_as_each_would_be()
    {
        StreamKey[] streams = Streams(40);
        await using IHistoryStore store = Open();

        // New tables, then bars beside those that are there, then bars that replace some, and what is learnt with them.
        for (int round = 1; round <= 3; round++)
        {
            int at = round;
            IReadOnlyList<StoreException?> outcomes = await store.WriteManyAsync([
                .. streams.Select((stream, number) => WriteOf(
                    stream,
                    Page(
                        Frame([60 * at, 60 * (at + 1)], Doubles("close", number, number + at)),
                        Set((60 * at, 6000)),
                        number % 3 == 0 ? Set((6000, 6000)) : Set((600, 660)))))]);
            Assert.All(outcomes, Assert.Null);
        }

        Assert.Equal(streams, await store.GetStreamsAsync());
        for (int number = 0; number < streams.Length; number++)
        {
            Assert.Equal([(double)number, (double)number, (double)number, number + 3.0], ValuesOf(await ReadOneAsync(store, streams[number]), "close"));
            Assert.Equal(
                number % 3 == 0 ? Set((6000, 6000)) : Set((600, 660)), await store.GetKnownEmptyAsync(streams[number], Source));
        }
    }

    [StoreFact]
    public async Task Two_that_make_the_same_tables_at_once_both_write_into_them()
    {
        StreamKey[] streams = Streams(60);
        await using IHistoryStore one = Open();
        await using IHistoryStore other = Open();
        IReadOnlyList<StoreException?>[] outcomes = await Task.WhenAll(
            Task.Run(() => one.WriteManyAsync([.. streams.Select(stream => WriteOf(stream, Page(Frame(60), Set((60, 120)), Set((120, 120)))))])),
            Task.Run(() => other.WriteManyAsync([.. streams.Reverse().Select(stream => WriteOf(stream, Page(Frame(180))))])));
        Assert.All(outcomes.SelectMany(all => all), Assert.Null);
        foreach (StreamKey stream in streams)
        {
            Assert.Equal(Set((60, 60), (180, 180)), await one.GetCoverageAsync(stream));
            Assert.Equal(Set((120, 120)), await one.GetKnownEmptyAsync(stream, Source));
            Assert.Empty(one.TakeWarnings(stream));
        }
    }

    [StoreTheory]
    [InlineData(2)]
    [InlineData(70)]
    public async Task What_revises_replaces_no_stored_bar_unseen(int bars)
    {
        StreamKey[] streams = Streams(6);
        long[] opens = [.. Enumerable.Range(1, bars).Select(bar => bar * 60L)];
        await using IHistoryStore store = Open();
        foreach (StreamKey stream in streams)
        {
            await WriteAsync(store, stream, Frame(0));
        }

        // The last bar of each is there before its source has answered, in half of them as the source has it.
        foreach (StreamKey stream in streams[1..5])
        {
            await WriteAsync(store, stream, Frame([opens[^1]], Doubles("close", stream == streams[1] || stream == streams[2] ? 5 : 7)));
        }

        IReadOnlyList<StoreException?> outcomes = await store.WriteManyAsync([
            .. streams.Select(stream => WriteOf(stream, Page(Frame(opens, Doubles("close", [.. opens.Select(static _ => 5.0)])))) with { Revises = true })]);
        Assert.All(outcomes, Assert.Null);
        foreach (StreamKey stream in streams)
        {
            Assert.Equal([0.0, .. opens.Select(static _ => (object)5.0)], ValuesOf(await ReadOneAsync(store, stream), "close"));
            List<BarRevision> trail = await store.ReadRevisionsAsync(stream).ToListAsync();
            Assert.Equal(
                stream == streams[3] || stream == streams[4] ? [(opens[^1], "7", "5")] : [],
                trail.Select(entry => (entry.Timestamp, entry.Was!, entry.Is!)));
        }
    }

    [StoreFact]
    public async Task A_stream_that_is_written_twice_at_once_keeps_the_later()
    {
        var other = new StreamKey("other", Minute);
        await using IHistoryStore store = Open();
        await WriteAsync(store, Frame(60));
        await WriteAsync(store, other, Frame(60));
        IReadOnlyList<StoreException?> outcomes = await store.WriteManyAsync([
            WriteOf(Stream, Page(Frame([60, 120], Doubles("close", 1, 2)))),
            WriteOf(other, Page(Frame([120], Doubles("close", 9)))),
            WriteOf(Stream, Page(Frame([120, 180], Doubles("close", 3, 4))))]);
        Assert.All(outcomes, Assert.Null);
        Assert.Equal([1.0, 3.0, 4.0], ValuesOf(await ReadOneAsync(store), "close"));
        Assert.Equal([30.0, 9.0], ValuesOf(await ReadOneAsync(store, other), "close"));
    }

    [StoreFact]
    public async Task A_stream_that_is_refused_holds_back_no_other()
    {
        StreamKey[] streams = Streams(6);
        await using IHistoryStore store = Open();
        Assert.All(await store.WriteManyAsync([.. streams.Select(stream => WriteOf(stream, Page(Frame(60))))]), Assert.Null);

        // A text where numbers are, and a truth value.
        IReadOnlyList<StoreException?> outcomes = await store.WriteManyAsync([
            .. streams.Select((stream, number) => WriteOf(stream, Page(number switch
            {
                2 => Frame([120], Texts("close", "none")),
                4 => Frame([120], Flags("close", true)),
                _ => Frame([120], Doubles("close", 7)),
            })))]);

        Assert.Equal([2, 4], Enumerable.Range(0, 6).Where(number => outcomes[number] is not null));
        Assert.Contains("'N02'", outcomes[2]!.Message, StringComparison.Ordinal);
        for (int number = 0; number < 6; number++)
        {
            Assert.Equal(number is 2 or 4 ? Set((60, 60)) : Set((60, 120)), await store.GetCoverageAsync(streams[number]));
        }
    }

    [StoreFact]
    public async Task A_table_that_needs_a_column_or_a_wider_one_is_changed_in_the_midst_of_many()
    {
        StreamKey[] streams = Streams(5);
        await using IHistoryStore store = Open();
        Assert.All(
            await store.WriteManyAsync([.. streams.Take(4).Select(stream => WriteOf(stream, Page(Frame([60], Longs("trades", 3)))))]),
            Assert.Null);
        IReadOnlyList<StoreException?> outcomes = await store.WriteManyAsync([
            .. streams.Select((stream, number) => WriteOf(stream, Page(number switch
            {
                1 => Frame([120], Doubles("trades", 2.5)),
                2 => Frame([120], Longs("trades", 4), Doubles("close", 1.5)),
                _ => Frame([120], Longs("trades", 4)),
            })))]);

        Assert.All(outcomes, Assert.Null);
        Assert.Equal([3.0, 2.5], ValuesOf(await ReadOneAsync(store, streams[1]), "trades"));
        Assert.Equal([null, 1.5], ValuesOf(await ReadOneAsync(store, streams[2]), "close"));
        Assert.Equal([4L], ValuesOf(await ReadOneAsync(store, streams[4]), "trades"));
        Assert.Equal([3L, 4L], ValuesOf(await ReadOneAsync(store, streams[3]), "trades"));
        Assert.Single(store.TakeWarnings(streams[1]));
    }

    [StoreFact]
    public async Task A_rule_of_one_table_refuses_its_stream_alone()
    {
        foreach (string node in (string[])["N01", "N03"])
        {
            await ExecuteAsync($"CREATE TABLE \"{node}\" (node_id text NOT NULL, \"interval\" integer NOT NULL, ts bigint NOT NULL CHECK (ts < 100), close double precision, PRIMARY KEY (node_id, \"interval\", ts))");
        }

        StreamKey[] streams = Streams(6);
        await using IHistoryStore store = Open();
        Assert.All(await store.WriteManyAsync([.. streams.Select(stream => WriteOf(stream, Page(Frame(60))))]), Assert.Null);
        IReadOnlyList<StoreException?> outcomes = await store.WriteManyAsync([
            .. streams.Select(stream => WriteOf(stream, Page(Frame(120), Set((120, 180)), Set((180, 180)))))]);

        Assert.Equal([1, 3], Enumerable.Range(0, 6).Where(number => outcomes[number] is not null));
        Assert.False(outcomes[1]!.IsTransient);
        for (int number = 0; number < 6; number++)
        {
            bool refused = number is 1 or 3;
            Assert.Equal(refused ? Set((60, 60)) : Set((60, 120)), await store.GetCoverageAsync(streams[number]));
            Assert.Equal(refused ? Set() : Set((180, 180)), await store.GetKnownEmptyAsync(streams[number], Source));
        }
    }

    [StoreFact]
    public async Task One_table_for_all_takes_many_streams_at_once()
    {
        StreamKey[] streams = [.. Streams(20), new StreamKey("N00", BarInterval.FromSeconds(300))];
        await using IHistoryStore store = Open("all");
        for (int round = 0; round < 2; round++)
        {
            Assert.All(
                await store.WriteManyAsync([
                    .. streams.Select(stream => WriteOf(stream, new BarPage(
                        Source,
                        new BarFrame(stream.Interval, new long[] { 300, 600 }, [Doubles("close", 1, round)]),
                        TimeRangeSet.Empty(stream.Interval),
                        TimeRangeSet.Empty(stream.Interval))))]),
                Assert.Null);
        }

        Assert.Equal(21, (await store.GetStreamsAsync()).Count);
        Assert.Equal(42L, await ScalarAsync("SELECT count(*) FROM \"all\""));
        Assert.Equal(1.0, await CloseAsync(store, streams[7], 600));
    }

    [StoreFact]
    public async Task Every_type_of_value_goes_with_many()
    {
        StreamKey[] streams = Streams(2);
        await using IHistoryStore store = Open();
        for (int round = 0; round < 2; round++)
        {
            Assert.All(
                await store.WriteManyAsync([
                    .. streams.Select(stream => WriteOf(stream, Page(Frame(
                        [60, 120, 180],
                        new BarColumn<double>("d", new double[] { 1.5, double.NaN, 3 }, new bool[] { false, false, true }),
                        new BarColumn<long>("l", new long[] { long.MaxValue, 2, 3 }, new bool[] { false, true, false }),
                        Flags("b", true, false, true),
                        Texts("s", "it's \" ünï", null, "")))))]),
                Assert.Null);
        }

        BarFrame read = await ReadOneAsync(store, streams[1]);
        Assert.Equal([1.5, null, null], ValuesOf(read, "d"));
        Assert.Equal([long.MaxValue, null, 3L], ValuesOf(read, "l"));
        Assert.Equal([true, false, true], ValuesOf(read, "b"));
        Assert.Equal(["it's \" ünï", null, ""], ValuesOf(read, "s"));
    }

    [StoreFact]
    public async Task Two_that_write_many_streams_at_once_wait_for_each_other_only_shortly()
    {
        StreamKey[] streams = Streams(30);
        await using IHistoryStore one = Open();
        await using IHistoryStore two = Open();
        await Task.WhenAll(new[] { one, two, one, two }.Select((store, writer) => Task.Run(async () =>
        {
            for (int bar = 0; bar < 8; bar++)
            {
                // Each from another end, and with a single stream between.
                IEnumerable<StreamKey> order = writer % 2 == 0 ? streams : streams.Reverse();
                IReadOnlyList<StoreException?> outcomes = await store.WriteManyAsync(
                    [.. order.Select(stream => WriteOf(stream, Page(Frame(60 * bar, 60 * (bar + 1)), Set((6000, 6000)), Set((6000, 6000)))))]);
                Assert.All(outcomes, Assert.Null);
                await WriteAsync(store, streams[bar], Frame(600));
            }
        })));

        for (int number = 0; number < streams.Length; number++)
        {
            Assert.Equal(number < 8 ? Set((0, 480), (600, 600)) : Set((0, 480)), await two.GetCoverageAsync(streams[number]));
            Assert.Equal(number < 8 ? 10L : 9L, await ScalarAsync($"SELECT count(*) FROM \"{streams[number].NodeId}\""));
        }
    }

    [StoreFact]
    public async Task Many_that_are_cancelled_on_their_way_leave_whole_streams_only()
    {
        StreamKey[] streams = Streams(12);
        using var cancellation = new CancellationTokenSource();
        bool armed = false;
        await using IHistoryStore store = Open(timeProvider: new CallbackTimeProvider(() =>
        {
            if (armed)
            {
                cancellation.Cancel();
            }
        }));
        BarPage Of(long bar) => Page(Frame(bar), Set((bar, bar + 60)), Set((bar + 60, bar + 60)));
        Assert.All(await store.WriteManyAsync([.. streams.Select(stream => WriteOf(stream, Of(60)))]), Assert.Null);
        armed = true;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => store.WriteManyAsync([.. streams.Select(stream => WriteOf(stream, Of(300)))], cancellation.Token));

        foreach (StreamKey stream in streams)
        {
            bool isBar = (await store.GetCoverageAsync(stream)).Contains(300);
            bool isKnown = (await store.GetKnownEmptyAsync(stream, Source)).Contains(360);
            Assert.True(isBar || !isKnown, "What was learnt is there without the bar.");
        }
    }

    [StoreFact]
    public async Task A_store_without_anything_has_nothing_of_many()
    {
        await using IHistoryStore store = Open();
        Assert.Empty(await store.GetNewestAsync(Streams(2)));
        StoredRange stored = Assert.Single(await store.ReadManyAsync([new StreamRange(Stream, new TimeRange(0, 600), null)]));
        Assert.True(stored.Frames.Count == 0 && stored.Empty.IsEmpty);
        Assert.Empty(await store.WriteManyAsync([]));
        Assert.All(await store.WriteManyAsync([WriteOf(Stream), WriteOf(Stream, Page(Frame()))]), Assert.Null);
        await Assert.ThrowsAsync<ArgumentException>(() => store.WriteManyAsync([WriteOf(new StreamKey("x", BarInterval.FromSeconds(300)), Page(Frame(60)))]));
    }

    [StoreFact]
    public async Task Many_streams_are_claimed_together_and_each_by_one()
    {
        StreamKey[] streams = Streams(30);
        await using IHistoryStore one = Open();
        await using IHistoryStore two = Open();
        await using (IAsyncDisposable? single = await two.TryClaimAsync(streams[3]))
        {
            await using StreamClaims many = await one.TryClaimManyAsync(streams);
            Assert.Equal([streams[3]], many.Refused);
            Assert.Null(await two.TryClaimAsync(streams[4]));
            await using StreamClaims others = await two.TryClaimManyAsync([streams[0], streams[29], Stream]);
            Assert.Equal([streams[0], streams[29]], others.Refused.OrderBy(stream => stream.NodeId, StringComparer.Ordinal));
            Assert.Null(await one.TryClaimAsync(Stream));
        }

        await using StreamClaims all = await two.TryClaimManyAsync([.. streams, Stream]);
        Assert.Empty(all.Refused);
    }
}
