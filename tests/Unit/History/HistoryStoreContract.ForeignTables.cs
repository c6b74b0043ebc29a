using Qmtl.Data;
using Qmtl.History;
using Qmtl.Unit.Fixtures;
using static Qmtl.Unit.Fixtures.Columns;

namespace Qmtl.Unit.History;

public abstract partial class HistoryStoreContract
{
    // As the Python project's tables are: no key, no index.
    private const string CreateForeignTable = "CREATE TABLE \"BTCUSDT\" (ts bigint, node_id varchar(40), \"interval\" integer, open double precision, close double precision)";

    private static string Row(long timestamp, double close) =>
        FormattableString.Invariant($"INSERT INTO \"BTCUSDT\" (ts, node_id, \"interval\", close) VALUES ({timestamp}, 'BTCUSDT', 60, {close})");

    [StoreFact]
    public async Task Rows_of_a_table_without_a_key_count_once_and_only_on_the_grid()
    {
        await ExecuteAsync(CreateForeignTable);
        foreach (long timestamp in new List<long> { 180, 60, 120, 120, 119, 61, 300, 180 })
        {
            await ExecuteAsync(Row(timestamp, 1));
        }

        await using IHistoryStore store = Open();
        Assert.Equal(Set((60, 180), (300, 300)), await store.GetCoverageAsync(Stream));
        Assert.Equal([60, 120, 180, 300], OpensOf(await ReadOneAsync(store)));
        Assert.Equal([Stream], await store.GetStreamsAsync());
    }

    [StoreFact]
    public async Task Writing_to_a_table_without_a_key_doubles_no_bar()
    {
        await ExecuteAsync(CreateForeignTable);
        await ExecuteAsync(Row(60, 1));
        await ExecuteAsync(Row(120, 2));
        await ExecuteAsync("INSERT INTO \"BTCUSDT\" (ts, node_id, \"interval\", close) VALUES (NULL, 'BTCUSDT', 60, 9), (120, NULL, 60, 9), (120, 'other', 60, 9)");
        await using IHistoryStore store = Open();

        await WriteAsync(store, Frame([120, 180], Doubles("close", 20.0, 30.0), Flags("flag", true, false)));
        await WriteAsync(store, Frame([60, 180, 240], []));

        BarFrame read = await ReadOneAsync(store);
        Assert.Equal([60, 120, 180, 240], OpensOf(read));
        Assert.Equal([1.0, 20.0, 30.0, null], ValuesOf(read, "close"));
        Assert.Equal([null, true, false, null], ValuesOf(read, "flag"));
        Assert.Equal(7L, await ScalarAsync("SELECT count(*) FROM \"BTCUSDT\""));
    }

    [StoreFact]
    public async Task A_long_read_of_a_table_without_a_key_can_stop_early()
    {
        await ExecuteAsync(CreateForeignTable);
        await using IHistoryStore store = Open();
        await WriteAsync(store, Frame([.. Enumerable.Range(0, 100_000).Select(bar => bar * 60L)]));
        await foreach (BarFrame frame in store.ReadAsync(Stream, new Qmtl.Time.TimeRange(0, long.MaxValue)))
        {
            Assert.Equal(0, frame.Timestamps[0]);
            break;
        }

        Assert.Equal(100_000, (await ReadAsync(store, Stream)).Sum(frame => frame.Count));
    }

    [StoreFact]
    public async Task A_unique_index_in_any_order_and_spelling_serves_as_the_key()
    {
        await ExecuteAsync("CREATE TABLE \"BTCUSDT\" (id integer, \"TS\" bigint NOT NULL, \"Node_ID\" text NOT NULL, \"Interval\" bigint NOT NULL, \"Close\" double precision)");
        await ExecuteAsync("CREATE UNIQUE INDEX anything ON \"BTCUSDT\" (\"TS\", \"Interval\", \"Node_ID\")");
        await using IHistoryStore store = Open();
        await WriteAsync(store, Frame(60, 120));
        await WriteAsync(store, Frame(120, 180));

        Assert.Equal(Set((60, 180)), await store.GetCoverageAsync(Stream));
        Assert.Equal([30.0, 60.0, 90.0], ValuesOf(await ReadOneAsync(store), "close"));
        Assert.Equal([Stream], await store.GetStreamsAsync());
    }

    [StoreFact]
    public async Task A_table_that_is_not_one_of_bars_is_a_clear_error()
    {
        await ExecuteAsync("CREATE TABLE \"BTCUSDT\" (name text, ts bigint)");
        await using IHistoryStore store = Open();
        StoreException reading = await Assert.ThrowsAsync<StoreException>(() => store.GetCoverageAsync(Stream));
        StoreException writing = await Assert.ThrowsAsync<StoreException>(() => WriteAsync(store, Frame(60)));
        Assert.Equal(reading.Message, writing.Message);
        Assert.Contains("'BTCUSDT'", reading.Message, StringComparison.Ordinal);
        Assert.Contains("'node_id'", reading.Message, StringComparison.Ordinal);
        Assert.False(reading.IsTransient);
    }

    [StoreFact]
    public async Task A_timestamp_column_of_text_is_a_clear_error()
    {
        await ExecuteAsync("CREATE TABLE \"BTCUSDT\" (node_id text, \"interval\" integer, ts text)");
        await using IHistoryStore store = Open();
        StoreException error = await Assert.ThrowsAsync<StoreException>(() => store.GetCoverageAsync(Stream));
        Assert.Contains("'ts'", error.Message, StringComparison.Ordinal);
        Assert.Contains("text", error.Message, StringComparison.OrdinalIgnoreCase);
        Assert.Empty(await store.GetStreamsAsync());
    }

    [StoreFact]
    public async Task Rows_that_name_no_possible_stream_are_not_listed()
    {
        await ExecuteAsync("CREATE TABLE shared (node_id text, \"interval\" integer, ts bigint)");
        await ExecuteAsync("INSERT INTO shared VALUES ('', 60, 60), ('a', 0, 60), ('a', -60000, 60), (NULL, 60, 60), ('a', NULL, 60), ('a', 60, 60)");
        await using IHistoryStore store = Open("shared");
        Assert.Equal([new StreamKey("a", Minute)], await store.GetStreamsAsync());
    }
}
