using Qmtl.Data;
using Qmtl.History;
using Qmtl.History.QuestDb;
using Qmtl.Time;
using Qmtl.Unit.Fixtures;
using static Qmtl.Unit.Fixtures.Columns;

namespace Qmtl.Unit.History.QuestDb;

/// <summary>Tables that other programs made, on a real server.</summary>
[Collection(QuestDbCollection.Name)]
public sealed class QuestDbForeignTablesTests(QuestDbServer server) : QuestDbStoreTest(server)
{
    private const string Enable = "run ALTER TABLE \"BTCUSDT\" DEDUP ENABLE UPSERT KEYS(ts, node_id, interval)";
    private const string Other = "use a table that Qmtl makes";

    public static TheoryData<string, long, QuestDbWritePath, string> Tables => new()
    {
        // The Python project's tables, with and without the write-ahead log; integers of seconds; nanoseconds; milliseconds.
        { "(node_id VARCHAR, interval INT, ts TIMESTAMP, open DOUBLE, close DOUBLE) TIMESTAMP(ts) PARTITION BY DAY WAL", 1_000_000, QuestDbWritePath.IlpOverHttp, Enable },
        { "(node_id SYMBOL, interval LONG, ts TIMESTAMP, open DOUBLE, close DOUBLE) TIMESTAMP(ts) PARTITION BY DAY BYPASS WAL", 1_000_000, QuestDbWritePath.PostgreSqlWire, "SET TYPE WAL, restart the server, and run ALTER" },
        { "(node_id STRING, interval INT, ts TIMESTAMP_NS, open DOUBLE, close DOUBLE) TIMESTAMP(ts) PARTITION BY YEAR WAL", 1_000_000_000, QuestDbWritePath.IlpOverHttp, Enable },
        { "(node_id VARCHAR, interval INT, ts TIMESTAMP, open DOUBLE, close DOUBLE)", 1_000_000, QuestDbWritePath.PostgreSqlWire, Other },
        { "(node_id VARCHAR, interval INT, ts LONG, open DOUBLE, close DOUBLE)", 1, QuestDbWritePath.PostgreSqlWire, Other },
        { "(node_id VARCHAR, interval INT, ts INT, open FLOAT, close FLOAT)", 1, QuestDbWritePath.PostgreSqlWire, Other },
        { "(node_id SYMBOL, interval SHORT, ts DATE, open DECIMAL(18, 4), close DECIMAL(18, 4))", 1_000, QuestDbWritePath.PostgreSqlWire, Other },
    };

    [QuestDbTheory]
    [InlineData("TIMESTAMP", 1_000_000)]
    [InlineData("TIMESTAMP_NS", 1_000_000_000)]
    public async Task A_table_with_keys_is_counted_in_the_units_of_its_column(string type, long unitsPerSecond)
    {
        await Server.ExecuteAsync(
            $"CREATE TABLE \"BTCUSDT\" (node_id VARCHAR, interval INT, ts {type}, close DOUBLE) TIMESTAMP(ts) PARTITION BY DAY WAL "
            + "DEDUP UPSERT KEYS(node_id, interval, ts)");
        foreach (long timestamp in (long[])[60, 120, 119, 180, 300])
        {
            await Server.ExecuteAsync($"INSERT INTO \"BTCUSDT\" VALUES ('BTCUSDT', 60, {timestamp * unitsPerSecond}, 1)");
        }

        await using QuestDbHistoryStore store = Open();
        await WriteAsync(store, Frame(360));

        Assert.Equal(Set((60, 180), (300, 360)), await store.GetCoverageAsync(Stream));
    }

    [QuestDbTheory]
    [MemberData(nameof(Tables))]
    public async Task A_table_without_keys_is_read_and_gets_only_what_is_missing(
        string definition, long unitsPerSecond, QuestDbWritePath path, string wayOut)
    {
        await Server.ExecuteAsync($"CREATE TABLE \"BTCUSDT\" {definition}");
        foreach (long timestamp in (long[])[180, 60, 120, 120, 119, 61, 300, 180])
        {
            await Server.ExecuteAsync($"INSERT INTO \"BTCUSDT\" (node_id, interval, ts, close) VALUES ('BTCUSDT', 60, {timestamp * unitsPerSecond}, {(definition.Contains("DECIMAL", StringComparison.Ordinal) ? "1m" : "1")})");
        }

        await using QuestDbHistoryStore store = Open();
        Assert.Equal(Set((60, 180), (300, 300)), await store.GetCoverageAsync(Stream));
        Assert.Equal(Set((120, 180)), await store.GetCoverageAsync(Stream, new TimeRange(90, 250)));
        Assert.Equal([Stream], await store.GetStreamsAsync());

        await WriteAsync(store, Frame([120, 240], Doubles("close", 20, 30), Longs("trades", 1, 2)), Frame([0, 240], Doubles("close", 40, 50)));

        BarFrame read = await ReadOneAsync(store);
        Assert.Equal([0, 60, 120, 180, 240, 300], OpensOf(read));
        Assert.Equal([40.0, 1.0, 1.0, 1.0, 30.0, 1.0], ValuesOf(read, "close"));
        Assert.Equal([null, null, null, null, 2L, null], ValuesOf(read, "trades"));
        Assert.Equal(Set((0, 300)), await store.GetCoverageAsync(Stream));
        Assert.Equal([10L], await Server.QueryAsync<long>("SELECT count() FROM \"BTCUSDT\""));
        Assert.Equal(path, store.WritePath);
        Assert.Equal(path == QuestDbWritePath.PostgreSqlWire, store.Info.WritePath!.Contains("'BTCUSDT' has no write-ahead log", StringComparison.Ordinal));

        // Said once: what is not promised of such a table, and that it was changed.
        Assert.Collection(
            store.TakeWarnings(Stream).Order(StringComparer.Ordinal),
            warning => Assert.Contains(wayOut, warning[warning.IndexOf("Let only one write at a time, or ", StringComparison.Ordinal)..], StringComparison.Ordinal),
            warning => Assert.StartsWith($"The table 'BTCUSDT' in {store.Info.DisplayName} had no column 'trades', and got it", warning, StringComparison.Ordinal));
        await WriteAsync(store, Frame([360], Longs("trades", 1)));
        Assert.Empty(store.TakeWarnings(Stream));
    }

    [QuestDbFact]
    public async Task Every_type_that_QuestDB_has_can_stand_in_a_table_that_is_read()
    {
        await Server.ExecuteAsync(
            "CREATE TABLE \"BTCUSDT\" (node_id SYMBOL, interval INT, ts TIMESTAMP, f FLOAT, i INT, sh SHORT, by BYTE, ch CHAR, st STRING, sy SYMBOL, dt DATE, at TIMESTAMP, nanos TIMESTAMP_NS, u UUID, l256 LONG256, ip IPV4, g GEOHASH(5c), bin BINARY, arr DOUBLE[], de DECIMAL(18, 4)) TIMESTAMP(ts) PARTITION BY DAY WAL DEDUP UPSERT KEYS(ts, node_id, interval)");
        await Server.ExecuteAsync(
            "INSERT INTO \"BTCUSDT\" (node_id, interval, ts, f, i, sh, by, ch, st, sy, dt, at, u, ip, de) VALUES ('BTCUSDT', 60, 60000000, 1.5, 6, 7, 8, 'c', 'text', 'symbol', 86400000, 86400000000, '11111111-1111-1111-1111-111111111111', '1.2.3.4', 1.25m)");
        await Server.ExecuteAsync("INSERT INTO \"BTCUSDT\" (node_id, interval, ts) VALUES ('BTCUSDT', 60, 120000000)");

        await using QuestDbHistoryStore store = Open();
        BarFrame read = await ReadOneAsync(store);
        Assert.Equal([1.5, null], ValuesOf(read, "f"));
        Assert.Equal([6L, null], ValuesOf(read, "i"));
        Assert.Equal([7L, 0L], ValuesOf(read, "sh"));
        Assert.Equal(["text", null], ValuesOf(read, "st"));
        Assert.Equal(["symbol", null], ValuesOf(read, "sy"));
        Assert.Equal(["c", null], ValuesOf(read, "ch"));
        Assert.Equal(["1.2.3.4", null], ValuesOf(read, "ip"));
        Assert.Equal(["11111111-1111-1111-1111-111111111111", null], ValuesOf(read, "u"));
        Assert.Equal([1.25, null], ValuesOf(read, "de"));
        Assert.Equal([null, null], ValuesOf(read, "bin"));
        Assert.Equal([null, null], ValuesOf(read, "arr"));
    }

    [QuestDbTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Number_columns_of_every_type_are_written_over_both_paths(bool overHttp)
    {
        await Server.ExecuteAsync("CREATE TABLE \"BTCUSDT\" (node_id SYMBOL, interval INT, ts TIMESTAMP, f FLOAT, i INT, sh SHORT, de DECIMAL(18, 4), sy SYMBOL, st STRING) TIMESTAMP(ts) PARTITION BY DAY WAL DEDUP UPSERT KEYS(ts, node_id, interval)");
        await using QuestDbHistoryStore store = overHttp ? Open() : Open(httpUri: ClosedPort);
        await WriteAsync(store, Frame([60, 120], Doubles("f", 1.5, -2), Longs("i", 1, -2), Doubles("sh", 3, -4), Doubles("de", 1.25, -100), Texts("sy", "a b", null), Texts("st", "", null)));
        await WriteAsync(store, Frame([180], Longs("f", 7), Longs("de", 8)));

        BarFrame read = await ReadOneAsync(store);
        Assert.Equal([1.5, -2.0, 7.0], ValuesOf(read, "f"));
        Assert.Equal([1L, -2L, null], ValuesOf(read, "i"));
        Assert.Equal([3L, -4L, 0L], ValuesOf(read, "sh"));
        Assert.Equal([1.25, -100.0, 8.0], ValuesOf(read, "de"));
        Assert.Equal(["a b", null, null], ValuesOf(read, "sy"));
        Assert.Equal(["", null, null], ValuesOf(read, "st"));
        Assert.Equal(overHttp ? QuestDbWritePath.IlpOverHttp : QuestDbWritePath.PostgreSqlWire, store.WritePath);
    }

    [QuestDbFact]
    public async Task A_column_of_a_type_that_is_only_read_is_refused_in_a_write()
    {
        await Server.ExecuteAsync("CREATE TABLE \"BTCUSDT\" (node_id SYMBOL, interval INT, ts TIMESTAMP, x UUID, \"y\" IPV4) TIMESTAMP(ts) PARTITION BY DAY WAL DEDUP UPSERT KEYS(ts, node_id, interval)");
        await using QuestDbHistoryStore store = Open();
        StoreException error = await Assert.ThrowsAsync<StoreException>(() => WriteAsync(store, Frame([60], Texts("x", "no uuid"))));
        Assert.Contains("is of type UUID", error.Message, StringComparison.Ordinal);
        Assert.Empty(await store.GetCoverageAsync(Stream));
    }

    [QuestDbFact]
    public async Task A_table_whose_keys_would_replace_other_streams_is_not_written()
    {
        await Server.ExecuteAsync("CREATE TABLE \"BTCUSDT\" (node_id SYMBOL, interval INT, ts TIMESTAMP, close DOUBLE) TIMESTAMP(ts) PARTITION BY DAY WAL DEDUP UPSERT KEYS(ts)");
        await using QuestDbHistoryStore store = Open();
        StoreException error = await Assert.ThrowsAsync<StoreException>(() => WriteAsync(store, Frame([60], Doubles("close", 1))));
        Assert.Contains("DEDUP keys (ts) lack 'node_id'", error.Message, StringComparison.Ordinal);

        await Server.ExecuteAsync("ALTER TABLE \"BTCUSDT\" DEDUP ENABLE UPSERT KEYS(ts, node_id, interval)");
        await WriteAsync(store, Frame([60], Doubles("close", 1)));
        Assert.Equal(Set((60, 60)), await store.GetCoverageAsync(Stream));
    }

    [QuestDbFact]
    public async Task A_table_ordered_by_another_time_is_read_and_not_written()
    {
        await Server.ExecuteAsync("CREATE TABLE \"BTCUSDT\" (node_id SYMBOL, interval INT, ts LONG, at TIMESTAMP) TIMESTAMP(at) PARTITION BY DAY WAL");
        await Server.ExecuteAsync("INSERT INTO \"BTCUSDT\" VALUES ('BTCUSDT', 60, 120, 5), ('BTCUSDT', 60, 60, 6)");
        await using QuestDbHistoryStore store = Open();
        Assert.Equal(Set((60, 120)), await store.GetCoverageAsync(Stream));
        StoreException error = await Assert.ThrowsAsync<StoreException>(() => WriteAsync(store, Frame([180], [])));
        Assert.Contains("'at'", error.Message, StringComparison.Ordinal);
    }

    [QuestDbTheory]
    [InlineData("(name VARCHAR, ts LONG)", "'node_id'")]
    [InlineData("(node_id VARCHAR, interval INT, ts VARCHAR)", "VARCHAR")]
    public async Task A_table_that_is_not_one_of_bars_is_a_clear_error(string definition, string hint)
    {
        await Server.ExecuteAsync($"CREATE TABLE \"BTCUSDT\" {definition}");
        await using QuestDbHistoryStore store = Open();
        StoreException reading = await Assert.ThrowsAsync<StoreException>(() => store.GetCoverageAsync(Stream));
        StoreException writing = await Assert.ThrowsAsync<StoreException>(() => WriteAsync(store, Frame([60], [])));
        Assert.Equal(reading.Message, writing.Message);
        Assert.Contains(hint, reading.Message, StringComparison.Ordinal);
        Assert.False(reading.IsTransient);
        Assert.Empty(await store.GetStreamsAsync());
    }

    [QuestDbFact]
    public async Task Rows_that_name_no_possible_stream_are_not_listed()
    {
        await Server.ExecuteAsync("CREATE TABLE shared (node_id VARCHAR, interval INT, ts LONG)");
        await Server.ExecuteAsync("INSERT INTO shared VALUES ('', 60, 60), ('a', 0, 60), ('a', -60000, 60), (NULL, 60, 60), ('a', NULL, 60), ('b', 60, NULL), ('a', 60, 60)");
        await using QuestDbHistoryStore store = Open("shared");
        Assert.Equal([new StreamKey("a", Minute)], await store.GetStreamsAsync());
    }

    [QuestDbFact]
    public async Task A_long_read_of_a_table_that_is_not_ordered_by_bars_can_stop_early()
    {
        await Server.ExecuteAsync("CREATE TABLE \"BTCUSDT\" AS (SELECT 'BTCUSDT' node_id, 60 interval, (300000 - x) * 60 ts, rnd_double() close FROM long_sequence(300000))");
        await using QuestDbHistoryStore store = Open();
        await foreach (BarFrame frame in store.ReadAsync(Stream, new TimeRange(0, long.MaxValue)))
        {
            Assert.Equal(0, frame.Timestamps[0]);
            break;
        }

        Assert.Equal(Set((0, 299_999 * 60)), await store.GetCoverageAsync(Stream));
    }
}
