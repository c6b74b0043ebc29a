using System.Data.Common;
using Qmtl.Data;
using Qmtl.History;
using Qmtl.Time;
using Qmtl.Unit.Fixtures;
using static Qmtl.Unit.Fixtures.Columns;

namespace Qmtl.Unit.History;

/// <summary>What every store does, whatever database is under it. Each store's tests derive from this.</summary>
public abstract partial class HistoryStoreContract
{
    private protected const string Source = "exchange";

    private protected static BarInterval Minute { get; } = BarInterval.FromSeconds(60);

    private protected static StreamKey Stream { get; } = new("BTCUSDT", Minute);

    /// <summary>Opens the test's database as a store; every call gives one more instance, as another process would.</summary>
    private protected abstract IHistoryStore Open(string? table = null, TimeProvider? timeProvider = null);

    /// <summary>Opens the test's database for statements of another program.</summary>
    private protected abstract Task<DbConnection> ConnectAsync();

    private protected async Task ExecuteAsync(string sql)
    {
        await using DbConnection connection = await ConnectAsync();
        await using DbCommand command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync();
    }

    private protected async Task<object?> ScalarAsync(string sql)
    {
        await using DbConnection connection = await ConnectAsync();
        await using DbCommand command = connection.CreateCommand();
        command.CommandText = sql;
        return await command.ExecuteScalarAsync();
    }

    private protected static BarFrame Frame(params long[] timestamps) =>
        new(Minute, timestamps, [new BarColumn<double>("close", Array.ConvertAll(timestamps, ts => ts / 2.0))]);

    private protected static BarFrame Frame(long[] timestamps, params BarColumn[] columns) => new(Minute, timestamps, columns);

    private protected static TimeRangeSet Set(params (long Start, long End)[] ranges) =>
        new(Minute, ranges.Select(range => new TimeRange(range.Start, range.End)));

    private protected static BarPage Page(BarFrame frame, TimeRangeSet? asked = null, TimeRangeSet? empty = null, string source = Source) =>
        new(source, frame, asked ?? Set(), empty ?? Set());

    private protected static Task WriteAsync(IHistoryStore store, params BarFrame[] frames) => WriteAsync(store, Stream, frames);

    private protected static Task WriteAsync(IHistoryStore store, StreamKey stream, params BarFrame[] frames) =>
        store.WriteAsync(stream, [.. frames.Select(frame => new BarPage(Source, frame, TimeRangeSet.Empty(stream.Interval), TimeRangeSet.Empty(stream.Interval)))]);

    private protected static async Task<List<BarFrame>> ReadAsync(IHistoryStore store, StreamKey stream, long start = 0, long end = long.MaxValue)
    {
        var frames = new List<BarFrame>();
        await foreach (BarFrame frame in store.ReadAsync(stream, new TimeRange(start, end)))
        {
            frames.Add(frame);
        }

        return frames;
    }

    private protected static async Task<BarFrame> ReadOneAsync(IHistoryStore store, StreamKey? stream = null) =>
        Assert.Single(await ReadAsync(store, stream ?? Stream, long.MinValue / 2));

    private protected static IEnumerable<long> OpensOf(BarFrame frame) => frame.Timestamps.ToArray();

    private protected static object?[] ValuesOf(BarFrame frame, string column) =>
        [.. Enumerable.Range(0, frame.Count).Select(row => frame.FindColumn(column)?.GetValue(row))];

    [StoreFact]
    public async Task Bars_of_every_type_come_back_as_they_went_in()
    {
        long[] timestamps = [-120, 0, 60, 120, 240];
        double[] doubles = [double.MaxValue, double.Epsilon, -0.1, 1e-300, double.PositiveInfinity];
        long[] longs = [long.MinValue, long.MaxValue, 0, -1, (1L << 53) + 1];
        bool[] flags = [true, false, true, false, true];
        string?[] texts = ["", "plain", "quote ' \" ; -- ünï¢ødé 🚀", null, new string('x', 200_000)];
        bool[] nulls = [false, true, false, false, false];
        await using IHistoryStore store = Open();

        await WriteAsync(store, Frame(
            timestamps,
            new BarColumn<double>("d", doubles),
            new BarColumn<double>("dn", doubles, nulls),
            new BarColumn<long>("l", longs),
            new BarColumn<long>("ln", longs, nulls),
            new BarColumn<bool>("b", flags),
            new BarColumn<bool>("bn", flags, nulls),
            new BarColumn<string?>("s", texts)));

        BarFrame read = await ReadOneAsync(store);
        Assert.Equal(timestamps, read.Timestamps.ToArray());
        Assert.Equal(["d", "dn", "l", "ln", "b", "bn", "s"], read.Columns.Select(column => column.Name));
        Assert.Equal(doubles, ((BarColumn<double>)read.Columns[0]).Values.ToArray());
        Assert.Equal([double.MaxValue, null, -0.1, 1e-300, double.PositiveInfinity], ValuesOf(read, "dn"));
        Assert.Equal(longs, ((BarColumn<long>)read.Columns[2]).Values.ToArray());
        Assert.Equal([long.MinValue, null, 0L, -1L, (1L << 53) + 1], ValuesOf(read, "ln"));
        Assert.Equal(flags, ((BarColumn<bool>)read.Columns[4]).Values.ToArray());
        Assert.Equal([true, null, true, false, true], ValuesOf(read, "bn"));
        Assert.Equal(texts, ((BarColumn<string?>)read.Columns[6]).Values.ToArray());
    }

    [StoreFact]
    public async Task A_NaN_is_kept_as_no_value()
    {
        await using IHistoryStore store = Open();
        await WriteAsync(store, Frame([0, 60], Doubles("close", double.NaN, 1.5)));
        Assert.Equal([null, 1.5], ValuesOf(await ReadOneAsync(store), "close"));
    }

    [StoreFact]
    public async Task Writing_a_bar_twice_keeps_one_the_last()
    {
        await using IHistoryStore store = Open();
        await WriteAsync(store, Frame(60, 120, 180));
        await WriteAsync(store, Frame([120, 240], Doubles("close", 7.5, 8.5)));

        Assert.Equal([30.0, 7.5, 90.0, 8.5], ValuesOf(await ReadOneAsync(store), "close"));
    }

    [StoreFact]
    public async Task Pages_of_one_write_that_overlap_keep_the_later_page()
    {
        await using IHistoryStore store = Open();
        await WriteAsync(store, Frame(60, 120), Frame([120, 180], Doubles("close", 1.0, 2.0)), Frame([60], Doubles("close", 3.0)));
        Assert.Equal([3.0, 1.0, 2.0], ValuesOf(await ReadOneAsync(store), "close"));
    }

    [StoreFact]
    public async Task Columns_that_a_later_write_does_not_have_keep_their_values()
    {
        await using IHistoryStore store = Open();
        await WriteAsync(store, Frame([60, 120], Doubles("open", 1.0, 2.0), Doubles("close", 3.0, 4.0)));
        await WriteAsync(store, Frame([60], Doubles("close", 9.0)));

        BarFrame read = await ReadOneAsync(store);
        Assert.Equal([1.0, 2.0], ValuesOf(read, "open"));
        Assert.Equal([9.0, 4.0], ValuesOf(read, "close"));
    }

    [StoreFact]
    public async Task Bars_without_a_payload_are_kept()
    {
        await using IHistoryStore store = Open();
        await WriteAsync(store, Frame([60, 120], []));
        await WriteAsync(store, Frame([60, 180], []));

        BarFrame read = await ReadOneAsync(store);
        Assert.Equal([60, 120, 180], OpensOf(read));
        Assert.Empty(read.Columns);
    }

    [StoreFact]
    public async Task Reading_gives_the_asked_range_in_frames_of_some_thousand()
    {
        const int Bars = 150_000;
        await using IHistoryStore store = Open();
        await WriteAsync(store, Frame([.. Enumerable.Range(0, Bars).Select(bar => bar * 60L)]));

        List<BarFrame> frames = await ReadAsync(store, Stream, 30, (Bars - 2) * 60L);
        Assert.Equal(Enumerable.Range(1, Bars - 2).Select(bar => bar * 60L), frames.SelectMany(frame => frame.Timestamps.ToArray()));
        Assert.All(frames, frame => Assert.InRange(frame.Count, 1, 8192));
        Assert.Equal((Bars - 2) * 30.0, frames[^1].FindColumn("close")!.GetValue(frames[^1].Count - 1));
    }

    [StoreFact]
    public async Task A_reader_that_stops_early_leaves_the_store_usable()
    {
        await using IHistoryStore store = Open();
        await WriteAsync(store, Frame([.. Enumerable.Range(0, 100_000).Select(bar => bar * 60L)]));
        for (int i = 0; i < 10; i++)
        {
            await foreach (BarFrame frame in store.ReadAsync(Stream, new TimeRange(0, long.MaxValue)))
            {
                Assert.Equal(0, frame.Timestamps[0]);
                break;
            }
        }

        await WriteAsync(store, Frame(-60));
        Assert.Equal(Set((-60, 99_999 * 60)), await store.GetCoverageAsync(Stream));
    }

    [StoreFact]
    public async Task An_unknown_stream_has_nothing_and_reading_makes_no_table()
    {
        await using IHistoryStore store = Open();
        await WriteAsync(store, new StreamKey("other", Minute), Frame(60));

        Assert.True((await store.GetCoverageAsync(Stream)).IsEmpty);
        Assert.True((await store.GetKnownEmptyAsync(Stream, null)).IsEmpty);
        Assert.Empty(await ReadAsync(store, Stream));
        Assert.Equal([new StreamKey("other", Minute)], await store.GetStreamsAsync());
    }

    [StoreFact]
    public async Task A_page_without_bars_makes_no_table_of_bars()
    {
        await using IHistoryStore store = Open();
        await store.WriteAsync(Stream, [Page(BarFrame.Empty(Minute), Set((0, 600)), Set((0, 600)))]);
        await ExecuteAsync("CREATE TABLE \"BTCUSDT\" (anything integer)");
        Assert.Equal(Set((0, 600)), await store.GetKnownEmptyAsync(Stream, Source));
    }

    [StoreFact]
    public async Task Streams_are_listed_by_node_and_interval()
    {
        BarInterval hour = BarInterval.FromSeconds(3600);
        await using IHistoryStore store = Open();
        foreach (StreamKey key in (StreamKey[])[new("b", hour), new("a", Minute), new("B", Minute), new("b", Minute)])
        {
            await WriteAsync(store, key, new BarFrame(key.Interval, new long[] { 3600, 7200 }, []));
        }

        await ExecuteAsync("CREATE TABLE unrelated (node_id integer, ts integer)");
        Assert.Equal([new("B", Minute), new("a", Minute), new("b", Minute), new("b", hour)], await store.GetStreamsAsync());
    }

    [StoreFact]
    public async Task One_table_can_hold_all_streams()
    {
        const string Table = "all \"bars\"; of everything";
        var other = new StreamKey("ETHUSDT", BarInterval.FromSeconds(300));
        await using IHistoryStore store = Open(Table);
        await WriteAsync(store, Frame(60));
        await WriteAsync(store, other, new BarFrame(other.Interval, new long[] { 300 }, [Texts("note", "x")]));

        Assert.Equal([Stream, other], await store.GetStreamsAsync());
        Assert.Equal(Set((60, 60)), await store.GetCoverageAsync(Stream));
        Assert.Equal(2L, await ScalarAsync("SELECT count(*) FROM \"all \"\"bars\"\"; of everything\""));
        await using IHistoryStore withoutTable = Open();
        Assert.Empty(await withoutTable.GetStreamsAsync());
    }

    [StoreTheory]
    [InlineData("BTC/USDT")]
    [InlineData("BTC USDT")]
    [InlineData("x\"; DROP TABLE \"y\"; --")]
    [InlineData("it's")]
    [InlineData("100%")]
    [InlineData("a@node:interval$1?{0}")]
    [InlineData("ノード🚀é")]
    [InlineData("sqlite_master")]
    [InlineData("SQLITE_sequence")]
    [InlineData("qmtl_empty_ranges")]
    [InlineData("QMTL_EMPTY_RANGES")]
    [InlineData("qmtl_stage")]
    [InlineData("pg_class")]
    [InlineData("pg_temp.x")]
    [InlineData("select")]
    [InlineData("excluded")]
    [InlineData("nodes")]
    [InlineData("pairs")]
    [InlineData("sources")]
    [InlineData("walk")]
    [InlineData("spans")]
    [InlineData("counted")]
    [InlineData("t")]
    [InlineData("s")]
    [InlineData("target")]
    [InlineData("temp.qmtl_stage")]
    [InlineData("[brackets]")]
    [InlineData("`ticks`")]
    [InlineData(" leading and trailing ")]
    [InlineData("line\nbreak\ttab\u0001")]
    [InlineData("\\")]
    [InlineData(".")]
    public async Task Any_node_id_is_safe(string nodeId)
    {
        var stream = new StreamKey(nodeId, Minute);
        await using IHistoryStore store = Open();
        await WriteAsync(store, Frame(0));
        await WriteAsync(store, stream, Frame(60, 120));
        await WriteAsync(store, stream, Frame([120, 240], Doubles(nodeId.Trim(), 1.0, 2.0)));
        await store.WriteAsync(stream, [Page(BarFrame.Empty(Minute), Set((180, 180)), Set((180, 180)), source: nodeId)]);

        Assert.Equal(Set((60, 120), (240, 240)), await store.GetCoverageAsync(stream));
        Assert.Equal(Set((180, 180)), await store.GetKnownEmptyAsync(stream, nodeId));
        Assert.Equal([60, 120, 240], OpensOf(await ReadOneAsync(store, stream)));
        Assert.Equal([null, 1.0, 2.0], ValuesOf(await ReadOneAsync(store, stream), nodeId.Trim()));
        Assert.Equal(new[] { Stream, stream }.OrderBy(key => key.NodeId, StringComparer.Ordinal), await store.GetStreamsAsync());
        Assert.Equal(Set((0, 0)), await store.GetCoverageAsync(Stream));
    }

    [StoreFact]
    public async Task Long_node_ids_that_differ_only_at_their_end_are_two_streams()
    {
        string beginning = new('é', 400);
        StreamKey[] streams = [new(beginning + "1", Minute), new(beginning + "2", Minute), new(new string('n', StreamKey.MaximumNodeIdLength), Minute)];
        await using IHistoryStore store = Open();
        for (int i = 0; i < streams.Length; i++)
        {
            await WriteAsync(store, streams[i], Frame(i * 60));
        }

        for (int i = 0; i < streams.Length; i++)
        {
            Assert.Equal(Set((i * 60, i * 60)), await store.GetCoverageAsync(streams[i]));
        }

        Assert.Equal(streams.OrderBy(stream => stream.NodeId, StringComparer.Ordinal), await store.GetStreamsAsync());
    }

    [StoreFact]
    public async Task Node_ids_that_differ_only_in_case_are_two_streams()
    {
        var lower = new StreamKey("btcusdt", Minute);
        await using IHistoryStore store = Open();
        await WriteAsync(store, Frame(60));
        await WriteAsync(store, lower, Frame(120));
        Assert.Equal(Set((60, 60)), await store.GetCoverageAsync(Stream));
        Assert.Equal(Set((120, 120)), await store.GetCoverageAsync(lower));
        Assert.Equal([Stream, lower], await store.GetStreamsAsync());
    }

    [StoreFact]
    public async Task A_page_of_another_interval_is_refused()
    {
        await using IHistoryStore store = Open();
        await Assert.ThrowsAsync<ArgumentException>(() => store.WriteAsync(new StreamKey("x", BarInterval.FromSeconds(300)), [Page(Frame(60))]));
    }

    [StoreFact]
    public async Task A_store_that_was_disposed_says_so()
    {
        IHistoryStore store = Open();
        await WriteAsync(store, Frame(60));
        await store.DisposeAsync();
        await store.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => store.GetCoverageAsync(Stream));
    }

    [StoreFact]
    public async Task Cancellation_ends_every_operation()
    {
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        await using IHistoryStore store = Open();
        await WriteAsync(store, Frame(60));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => store.GetCoverageAsync(Stream, null, cancelled.Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => store.GetStreamsAsync(cancelled.Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => store.GetKnownEmptyAsync(Stream, null, null, cancelled.Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => store.WriteAsync(Stream, [Page(Frame(120))], cancelled.Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await store.ReadAsync(Stream, new TimeRange(0, 600), cancelled.Token).GetAsyncEnumerator(cancelled.Token).MoveNextAsync());
        Assert.Equal(Set((60, 60)), await store.GetCoverageAsync(Stream));
    }
}
