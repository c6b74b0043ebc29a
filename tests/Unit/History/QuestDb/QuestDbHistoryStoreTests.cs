using System.Net;
using Qmtl.Data;
using Qmtl.History;
using Qmtl.History.QuestDb;
using Qmtl.Time;
using Qmtl.Unit.Fixtures;
using static Qmtl.Unit.Fixtures.Columns;

namespace Qmtl.Unit.History.QuestDb;

/// <summary>What a QuestDB does in its own way, on a real server.</summary>
[Collection(QuestDbCollection.Name)]
public sealed class QuestDbHistoryStoreTests(QuestDbServer server) : QuestDbStoreTest(server)
{
    [QuestDbFact]
    public async Task The_server_is_recognised_when_it_is_first_asked()
    {
        await using var store = (DetectingHistoryStore)HistoryStoreFactory.Open(QuestDbServer.ConnectionString!);
        Assert.Null(store.Detected);
        Assert.StartsWith("postgresql://", store.Info.DisplayName, StringComparison.Ordinal);

        await WriteAsync(store, Frame(60, 120));
        Assert.Equal(QuestDbWritePath.IlpOverHttp, Assert.IsType<QuestDbHistoryStore>(store.Detected).WritePath);
        Assert.Equal(Set((60, 120)), await store.GetCoverageAsync(Stream));
        Assert.Equal([60, 120], OpensOf(await ReadOneAsync(store)));
        Assert.Equal([Stream], await store.GetStreamsAsync());
    }

    [QuestDbFact]
    public async Task What_a_store_shows_of_itself_opens_it_again_and_holds_no_secret()
    {
        await using QuestDbHistoryStore store = Open();
        Assert.Equal($"questdb://{QuestDbServer.Address.Host}:{QuestDbServer.Address.Port}/qdb", store.Info.DisplayName);
        await using IHistoryStore again = HistoryStoreFactory.Open(store.Info.DisplayName, new HistoryStoreOptions { Credential = new NetworkCredential("admin", "quest") });
        Assert.IsType<QuestDbHistoryStore>(again);
        Assert.Empty(await again.GetStreamsAsync());
    }

    [QuestDbFact]
    public async Task A_wrong_password_is_a_clear_error_that_does_not_hold_it()
    {
        const string Wrong = "hunter2-not-the-password";
        foreach (string kind in (string[])["Auto", "QuestDb"])
        {
            var options = new HistoryStoreOptions { Kind = kind, Credential = new NetworkCredential("admin", Wrong) };
            await using IHistoryStore store = HistoryStoreFactory.Open(QuestDbServer.ConnectionString!, options);
            StoreException error = await Assert.ThrowsAsync<StoreException>(() => store.GetStreamsAsync());
            Assert.Contains("refused the user or the password", error.Message, StringComparison.Ordinal);
            Assert.DoesNotContain(Wrong, error.ToString(), StringComparison.Ordinal);
            Assert.False(error.IsTransient);
        }
    }

    [QuestDbFact]
    public async Task A_table_of_ours_is_partitioned_by_its_interval_and_keyed()
    {
        await using QuestDbHistoryStore store = Open();
        foreach ((string node, long seconds) in (List<(string, long)>)[("s", 1), ("m", 60), ("h", 3600), ("d", 86400)])
        {
            var interval = BarInterval.FromSeconds(seconds);
            await WriteAsync(store, new StreamKey(node, interval), new BarFrame(interval, new[] { 864_000L }, [Doubles("close", 1)]));
        }

        Assert.Equal(
            ["d YEAR true true", "h YEAR true true", "m MONTH true true", "s DAY true true"],
            await Server.QueryAsync<string>("SELECT concat(table_name, ' ', \"partitionBy\", ' ', \"walEnabled\", ' ', dedup) FROM tables() WHERE table_name IN ('s', 'm', 'h', 'd') ORDER BY 1"));
    }

    [QuestDbTheory]
    [InlineData("BTC/USDT", "BTC^2FUSDT")]
    [InlineData("..", "^2E^2E")]
    [InlineData("qmtl_x", "^71mtl_x")]
    public async Task A_node_id_that_QuestDB_refuses_has_a_table_that_is_shown(string nodeId, string table)
    {
        await using QuestDbHistoryStore store = Open();
        await WriteAsync(store, new StreamKey(nodeId, Minute), Frame(60));
        Assert.Equal(table, store.Info.TableOf(nodeId));
        Assert.Equal([nodeId], await Server.QueryAsync<string>($"SELECT node_id FROM \"{table}\""));
    }

    [QuestDbFact]
    public async Task One_table_can_hold_all_streams()
    {
        await using QuestDbHistoryStore store = Open("all bars; of everything");
        await WriteAsync(store, Frame(60));
        var other = new StreamKey("ETH/USDT", BarInterval.FromSeconds(300));
        await WriteAsync(store, other, new BarFrame(other.Interval, new[] { 300L }, [Texts("note", "x")]));
        Assert.Equal([Stream, other], await store.GetStreamsAsync());
        Assert.Equal([2L], await Server.QueryAsync<long>("SELECT count() FROM \"all bars; of everything\""));
    }

    [QuestDbFact]
    public async Task Values_of_every_type_come_back_as_they_went_in() => await RoundTripAsync(Open(), QuestDbWritePath.IlpOverHttp);

    [QuestDbFact]
    public async Task Without_the_HTTP_port_values_come_back_the_same() => await RoundTripAsync(Open(httpUri: ClosedPort), QuestDbWritePath.PostgreSqlWire);

    [QuestDbFact]
    public async Task Without_the_HTTP_port_the_reason_is_shown()
    {
        await using QuestDbHistoryStore store = Open(httpUri: ClosedPort);
        Assert.Equal(QuestDbWritePath.Undecided, store.WritePath);
        await WriteAsync(store, Frame([.. Enumerable.Range(0, 1234).Select(bar => bar * 60L)]));
        Assert.Equal(QuestDbWritePath.PostgreSqlWire, store.WritePath);
        Assert.Contains("http://127.0.0.1:1/ cannot be used", store.WritePathReason, StringComparison.Ordinal);
        Assert.Equal(Set((0, 1233 * 60)), await store.GetCoverageAsync(Stream));
    }

    [QuestDbFact]
    public async Task Https_to_a_port_without_TLS_is_told_in_words()
    {
        await using QuestDbHistoryStore store = Open(httpUri: new Uri($"https://{QuestDbServer.Address.Host}:{HttpPort}"));
        await WriteAsync(store, Frame(60));
        Assert.Contains("cannot be used: no TLS connection can be made (", store.WritePathReason, StringComparison.Ordinal);
        Assert.EndsWith("an address of a port without TLS begins with http", store.WritePathReason, StringComparison.Ordinal);
    }

    [QuestDbFact]
    public async Task An_HTTP_port_that_opens_later_is_used_from_then_on()
    {
        var clock = new SettableClock { Now = 1_000_000 };
        await using var relay = new TcpRelay(QuestDbServer.Address.Host, HttpPort) { IsClosed = true };
        await using QuestDbHistoryStore store = Open(httpUri: new Uri($"http://127.0.0.1:{relay.Port}"), timeProvider: clock);
        await WriteAsync(store, Frame(60));
        Assert.Equal(QuestDbWritePath.PostgreSqlWire, store.WritePath);

        relay.IsClosed = false;
        await WriteAsync(store, Frame(120));
        Assert.Equal(QuestDbWritePath.PostgreSqlWire, store.WritePath);

        clock.Now += 61;
        await WriteAsync(store, Frame(180));
        Assert.Equal(QuestDbWritePath.IlpOverHttp, store.WritePath);
        Assert.Null(store.WritePathReason);
        Assert.Equal(Set((60, 180)), await store.GetCoverageAsync(Stream));
    }

    [QuestDbFact]
    public async Task Another_server_at_the_HTTP_port_is_not_written_to()
    {
        // The relay leads to the PostgreSQL wire: something answers, but not a QuestDB's HTTP server.
        await using var relay = new TcpRelay(QuestDbServer.Address.Host, QuestDbServer.Address.Port);
        await using QuestDbHistoryStore store = Open(httpUri: new Uri($"http://127.0.0.1:{relay.Port}"));
        await WriteAsync(store, Frame(60));
        Assert.Equal(QuestDbWritePath.PostgreSqlWire, store.WritePath);
        Assert.Equal(Set((60, 60)), await store.GetCoverageAsync(Stream));
    }

    [QuestDbFact]
    public async Task What_QuestDB_could_not_give_back_is_refused_before_anything_is_written()
    {
        await using QuestDbHistoryStore store = Open();
        await WriteAsync(store, Frame([60], Longs("n", 1), Doubles("d", 1), Flags("b", true)));
        await AssertRefusedAsync(store, Frame([120], Longs("n", long.MinValue)), "-9223372036854775808");
        await AssertRefusedAsync(store, Frame([120], Doubles("d", double.NegativeInfinity)), "-Infinity");
        await AssertRefusedAsync(store, Frame([120, 180], new BarColumn<bool>("b", new[] { true, false }, new[] { true, false })), "false");
        await AssertRefusedAsync(store, Frame([-60, 0], Doubles("d", 1, 2)), "1969-12-31");
        Assert.Equal(Set((60, 60)), await store.GetCoverageAsync(Stream));
    }

    [QuestDbTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_column_that_was_whole_first_takes_fractions_later_and_keeps_every_number(bool overHttp)
    {
        await using QuestDbHistoryStore store = overHttp ? Open() : Open(httpUri: ClosedPort);
        await WriteAsync(store, Frame([60, 120], Longs("n", 10, -7)));
        await WriteAsync(store, Frame([180], Doubles("n", 11)));
        Assert.Empty(store.TakeWarnings(Stream));

        await WriteAsync(store, Frame([240], Doubles("n", 10.75)), Frame([300], Longs("n", 12)));

        Assert.Equal([10.0, -7.0, 11.0, 10.75, 12.0], ValuesOf(await ReadOneAsync(store), "n"));
        Assert.StartsWith($"Column 'n' of table 'BTCUSDT' in {store.Info.DisplayName} was of type LONG and holds doubles now", Assert.Single(store.TakeWarnings(Stream)), StringComparison.Ordinal);
        await WriteAsync(store, Frame([300, 360], Longs("n", 13, 14)));
        Assert.Equal([10.0, -7.0, 11.0, 10.75, 13.0, 14.0], ValuesOf(await ReadOneAsync(store), "n"));
        Assert.Empty(store.TakeWarnings(Stream));
    }

    [QuestDbFact]
    public async Task A_column_is_not_made_one_of_doubles_where_that_would_change_a_number_in_it()
    {
        await using QuestDbHistoryStore store = Open();
        await WriteAsync(store, Frame([60], Longs("n", (1L << 53) + 1)));
        StoreException error = await Assert.ThrowsAsync<StoreException>(() => WriteAsync(store, Frame([120], Doubles("n", 0.5))));
        Assert.Contains("beyond 2^53", error.Message, StringComparison.Ordinal);
        Assert.Contains("ALTER TABLE \"BTCUSDT\" ALTER COLUMN \"n\" TYPE DOUBLE", error.Message, StringComparison.Ordinal);

        // Nor where a number that came with the fraction is one of those.
        await Assert.ThrowsAsync<StoreException>(() => WriteAsync(store, Frame([120], Doubles("m", 0.5)), Frame([180], Longs("m", (1L << 53) + 1))));
        Assert.Equal([(1L << 53) + 1], ValuesOf(await ReadOneAsync(store), "n"));
    }

    [QuestDbFact]
    public async Task Bars_of_the_first_and_the_last_year_are_kept()
    {
        const long Last = 253_402_300_740;
        await using QuestDbHistoryStore store = Open();
        await WriteAsync(store, Frame(0, Last));
        Assert.Equal(Set((0, 0), (Last, Last)), await store.GetCoverageAsync(Stream));
        Assert.Equal([0, Last], OpensOf(await ReadOneAsync(store)));
    }

    [QuestDbFact]
    public async Task Forgotten_ranges_are_marked_and_a_range_keeps_the_time_at_which_it_was_learnt()
    {
        var clock = new SettableClock { Now = 1_000_000 };
        BarFrame none = BarFrame.Empty(Minute);
        await using QuestDbHistoryStore store = Open(timeProvider: clock);
        await store.WriteAsync(Stream, [Page(none, Set((-600, 600)))]);
        clock.Now += 3600;
        await store.WriteAsync(Stream, [Page(none, Set((120, 120), (660, 660)), Set((-600, -600), (120, 180), (660, 660)))]);

        Assert.Equal(Set((-540, 120), (240, 660)), await store.GetKnownEmptyAsync(Stream, "exchange"));
        Assert.Equal(
            ["-600-600@1000000 true", "-540-60@1000000 false", "120-120@1003600 false", "240-600@1000000 false", "660-660@1003600 false"],
            await Server.QueryAsync<string>("SELECT concat(start_ts, '-', end_ts, '@', learnt_at, ' ', removed) FROM qmtl_empty_ranges ORDER BY start_ts"));
    }

    [QuestDbFact]
    public async Task Thousands_of_single_holes_are_learnt_and_forgotten_in_one_write()
    {
        TimeRangeSet holes = TimeRangeSet.FromTimestamps(Minute, [.. Enumerable.Range(0, 5000).Select(hole => hole * 120L)]);
        await using QuestDbHistoryStore store = Open();
        await store.WriteAsync(Stream, [Page(BarFrame.Empty(Minute), holes, holes)]);
        Assert.Equal(holes, await store.GetKnownEmptyAsync(Stream, "exchange"));
        await store.WriteAsync(Stream, [Page(BarFrame.Empty(Minute), Set(), Set((0, 600_000)))]);
        Assert.True((await store.GetKnownEmptyAsync(Stream, null)).IsEmpty);
    }

    private static int HttpPort => 9000;

    private static async Task AssertRefusedAsync(IHistoryStore store, BarFrame frame, string hint)
    {
        StoreException error = await Assert.ThrowsAsync<StoreException>(() => WriteAsync(store, Frame(240), frame));
        Assert.Contains(hint, error.Message, StringComparison.Ordinal);
        Assert.Contains("Nothing was written", error.Message, StringComparison.Ordinal);
        Assert.False(error.IsTransient);
    }

    private static async Task RoundTripAsync(QuestDbHistoryStore store, QuestDbWritePath path)
    {
        long[] timestamps = [0, 60, 120, 180];
        bool[] nulls = [false, true, false, false];
        double[] doubles = [double.MaxValue, double.Epsilon, -0.0, 1e-300];
        long[] longs = [long.MinValue + 1, long.MaxValue, 0, (1L << 53) + 1];
        string?[] texts = ["", "quote ' \" \\ ; -- ünï¢ødé 🚀", null, "two\r\nlines\tand a tab"];
        await using (store)
        {
            await WriteAsync(store, Frame(
                timestamps,
                Doubles("d", doubles),
                new BarColumn<double>("dn", doubles, nulls),
                Longs("l", longs),
                new BarColumn<long>("ln", longs, nulls),
                Flags("b", true, false, false, true),
                Texts("s", texts),
                Texts("long text", new string('x', 200_000), "", "", "")));
            Assert.Equal(path, store.WritePath);

            BarFrame read = await ReadOneAsync(store);
            Assert.Equal(timestamps, OpensOf(read));
            Assert.Equal(["d", "dn", "l", "ln", "b", "s", "long text"], read.Columns.Select(column => column.Name));
            Assert.Equal(doubles.Select(BitConverter.DoubleToInt64Bits), ((BarColumn<double>)read.Columns[0]).Values.ToArray().Select(BitConverter.DoubleToInt64Bits));
            Assert.Equal([double.MaxValue, null, -0.0, 1e-300], ValuesOf(read, "dn"));
            Assert.Equal(longs, ((BarColumn<long>)read.Columns[2]).Values.ToArray());
            Assert.Equal([long.MinValue + 1, null, 0L, (1L << 53) + 1], ValuesOf(read, "ln"));
            Assert.Equal([true, false, false, true], ValuesOf(read, "b"));
            Assert.Equal(texts, ((BarColumn<string?>)read.Columns[5]).Values.ToArray());
            Assert.Equal(200_000, ((string)read.Columns[6].GetValue(0)!).Length);
        }
    }

    private sealed class SettableClock : TimeProvider
    {
        public long Now { get; set; }

        public override long TimestampFrequency => 1;

        public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeSeconds(Now);

        public override long GetTimestamp() => Now;
    }
}
