using DuckDB.NET.Data;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Exporting;
using Qmtl.Fetching.Files;
using Qmtl.History;
using Qmtl.Time;
using static Qmtl.Unit.Fixtures.Columns;

namespace Qmtl.Unit.Exporting;

/// <summary>What is exported is read by DuckDB, and comes back through an import as it was.</summary>
public sealed class RoundTripTests : IDisposable
{
    private static readonly StreamKey Odd = new("BTC/USDT \"perp\", é", BarInterval.FromSeconds(60));
    private static readonly StreamKey Hours = new("ETHUSDT", BarInterval.FromSeconds(3600));
    private static readonly StreamKey Months = new("ETHUSDT", BarInterval.FromMonths(1));
    private static readonly TimeRange All = new(0, 4_000_000_000);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("qmtl-test-");

    public static TheoryData<string> Names => ["bars.parquet", "bars.csv", "bars.jsonl", "bars.csv.gz", "bars.jsonl.gz", "archive"];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Every_column_type_comes_back_exactly(string name)
    {
        await using IHistoryStore from = await FillAsync("from.db");
        ExportResult export = await ExportAsync(from, name);
        Assert.Equal(7, export.Bars);
        await using IHistoryStore to = HistoryStoreFactory.Open(PathOf("to.db"));

        IReadOnlyList<BackfillResult> results = await ImportAsync(to, PathOf(name));

        Assert.All(results, result => Assert.Equal((BackfillStatus.Completed, 0L), (result.Status, result.BarsMissing)));
        Assert.Equal(7, results.Sum(result => result.BarsWritten));
        foreach (StreamKey stream in (StreamKey[])[Odd, Hours, Months])
        {
            Assert.Equal(await DescribeAsync(from, stream), await DescribeAsync(to, stream));
            Assert.True((await to.GetKnownEmptyAsync(stream, null)).IsEmpty);
        }

        // Once more changes nothing.
        Assert.Equal(0, (await ImportAsync(to, PathOf(name))).Sum(result => result.BarsWritten));
    }

    [Theory]
    [InlineData("bars.parquet", "'{0}'")]
    [InlineData("bars.csv", "read_csv('{0}', allow_quoted_nulls = false)")]
    [InlineData("bars.jsonl", "read_json('{0}', format = 'newline_delimited')")]
    [InlineData("archive", "read_parquet('{0}/*/*/*/*.parquet', hive_partitioning = true, union_by_name = true)")]
    public async Task DuckDB_reads_the_same(string name, string relation)
    {
        await using IHistoryStore from = await FillAsync("from.db");
        await ExportAsync(from, name);
        await using var duck = new DuckDBConnection("Data Source=:memory:");
        await duck.OpenAsync();
        string table = string.Format(System.Globalization.CultureInfo.InvariantCulture, relation, PathOf(name));

        Assert.Equal(
            ["BTC/USDT \"perp\", é|1m|1704067200|1.5|9007199254740993|true|a,b \"c\" / ü", "BTC/USDT \"perp\", é|1m|1704067260|0.1|-1|false|007"],
            await QueryAsync(duck, $"SELECT node_id, \"interval\", epoch(ts::TIMESTAMP)::BIGINT, close, ids, flag, replace(note, chr(10), '/ ') FROM {table} WHERE close IS NOT NULL AND node_id LIKE 'BTC%' AND note <> '' ORDER BY ts"));
        Assert.Equal(["ETHUSDT|1M|2|3", "ETHUSDT|1h|2|3"], await QueryAsync(
            duck, $"SELECT node_id, \"interval\", count(*), sum(close)::INTEGER FROM {table} WHERE node_id = 'ETHUSDT' GROUP BY ALL ORDER BY 1, 2"));
        Assert.Equal(["3|1|1"], await QueryAsync(
            duck, $"SELECT count(*), count(*) FILTER (word IS NULL), count(*) FILTER (note = '') FROM {table} WHERE node_id LIKE 'BTC%'"));
    }

    [Fact]
    public async Task Ranges_and_chosen_streams_are_kept_to_and_many_rows_are_several_groups()
    {
        await using IHistoryStore from = HistoryStoreFactory.Open(PathOf("from.db"));
        long[] times = [.. Enumerable.Range(0, 250_000).Select(static i => 60L * i)];
        await WriteAsync(from, Hours, new BarFrame(Hours.Interval, new long[] { 0 }, [Doubles("close", 1)]));
        var minutes = new StreamKey("M", BarInterval.FromSeconds(60));
        await WriteAsync(from, minutes, new BarFrame(minutes.Interval, times, [Doubles("close", [.. times.Select(static time => time / 7.0)])]));

        await ExportAsync(from, "bars.parquet");
        await using IHistoryStore to = HistoryStoreFactory.Open(PathOf("to.db"));
        IReadOnlyList<BackfillResult> results = await ImportAsync(to, PathOf("bars.parquet"), "M");

        Assert.Equal((minutes, 250_000L), (Assert.Single(results).Stream, results[0].BarsWritten));
        Assert.Equal(await DescribeAsync(from, minutes), await DescribeAsync(to, minutes));
        Assert.Equal([minutes], await to.GetStreamsAsync());
    }

    [Fact]
    public async Task Rows_of_another_interval_are_not_mixed_in()
    {
        string path = PathOf("mixed.csv");
        await File.WriteAllTextAsync(path, "symbol,interval,ts,close\nX,1m,0,1\nX,1m,60,2\nX,5m,0,7\nX,300,300,8\n");
        var fetcher = new FileFetcher(path);
        var five = new StreamKey("X", BarInterval.FromSeconds(300));

        Assert.Equal(new long[] { 0, 300 }, (await fetcher.FetchAsync(five, All, default)).Timestamps.ToArray());
        Assert.Equal(new long[] { 0, 60 }, (await fetcher.FetchAsync(new StreamKey("X", BarInterval.FromSeconds(60)), All, default)).Timestamps.ToArray());
        Assert.Equal(new TimeRange(0, 300), fetcher.GetExtent(five));
        Assert.Equal(
            $"{path} has no rows of X 1h. It has X 1m, X 5m.",
            (await Assert.ThrowsAsync<Qmtl.Fetching.SourceException>(() => fetcher.FetchAsync(new StreamKey("X", Hours.Interval), All, default))).Message);
    }

    [Fact]
    public async Task What_is_there_is_not_overwritten_and_names_must_say_a_format()
    {
        await File.WriteAllTextAsync(PathOf("bars.csv"), "mine");
        Assert.Contains("is there already", Assert.Throws<ArgumentException>(() => HistoryExport.Validate(PathOf("bars.csv"), false, false)).Message, StringComparison.Ordinal);
        HistoryExport.Validate(PathOf("bars.csv"), false, force: true);
        Assert.Contains("is there already", Assert.Throws<ArgumentException>(() => HistoryExport.Validate(_folder.FullName, true, true)).Message, StringComparison.Ordinal);
        Assert.Contains(".parquet, .csv", Assert.Throws<ArgumentException>(() => HistoryExport.Validate(PathOf("bars.xls"), false, false)).Message, StringComparison.Ordinal);
        Assert.Contains("twice", Assert.Throws<ArgumentException>(() => HistoryExport.Validate(PathOf("bars.parquet.gz"), false, false)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_export_that_fails_leaves_nothing_behind()
    {
        await using IHistoryStore from = await FillAsync("from.db");
        await WriteAsync(from, new StreamKey("Z", Hours.Interval), new BarFrame(Hours.Interval, new long[] { 0 }, [Texts("close", "x")]));

        ArgumentException error = await Assert.ThrowsAsync<ArgumentException>(() => ExportAsync(from, "bars.csv"));

        Assert.StartsWith("The column close holds text in Z 1h and numbers before", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(_folder.GetFiles(), file => file.Name.StartsWith("bars", StringComparison.Ordinal));
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private static async Task WriteAsync(IHistoryStore store, StreamKey stream, BarFrame frame) =>
        await store.WriteAsync(stream, [new BarPage("test", frame, frame.ToRangeSet(), TimeRangeSet.Empty(stream.Interval))]);

    private static async Task<string[]> DescribeAsync(IHistoryStore store, StreamKey stream)
    {
        List<string> rows = [];
        await foreach (BarFrame frame in store.ReadAsync(stream, All))
        {
            foreach (int row in Enumerable.Range(0, frame.Count))
            {
                rows.Add($"{frame.Timestamps[row]} " + string.Join(' ', frame.Columns.OrderBy(column => column.Name, StringComparer.Ordinal)
                    .Select(column => $"{column.Name}:{column.Type}={(column.GetValue(row) is double value ? BitConverter.DoubleToInt64Bits(value) : column.GetText(row) ?? "∅")}")));
            }
        }

        return [.. rows];
    }

    private static async Task<string[]> QueryAsync(DuckDBConnection duck, string sql)
    {
        using DuckDBCommand command = duck.CreateCommand();
        command.CommandText = sql;
        await using var reader = await command.ExecuteReaderAsync();
        List<string> rows = [];
        while (await reader.ReadAsync())
        {
            rows.Add(string.Join('|', Enumerable.Range(0, reader.FieldCount).Select(i => reader.GetValue(i) is bool flag
                ? (flag ? "true" : "false")
                : Convert.ToString(reader.GetValue(i), System.Globalization.CultureInfo.InvariantCulture))));
        }

        return [.. rows];
    }

    [Fact]
    public async Task A_type_that_only_later_bars_tell_is_found_and_a_name_that_hides_is_refused()
    {
        string path = PathOf("foreign.db");
        await using (var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={path};Pooling=false"))
        {
            await connection.OpenAsync();
            await using var command = connection.CreateCommand();
            command.CommandText = "CREATE TABLE X (node_id TEXT, interval INTEGER, ts INTEGER, note, \"size,base\" REAL); "
                + "WITH RECURSIVE bar(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM bar WHERE n < 8999) "
                + "INSERT INTO X SELECT 'X', 60, n * 60, CASE WHEN n < 5000 THEN NULL ELSE 'late' END, n FROM bar";
            await command.ExecuteNonQueryAsync();
        }

        await using IHistoryStore from = HistoryStoreFactory.Open(path);
        await using IHistoryStore to = HistoryStoreFactory.Open(PathOf("to.db"));
        Assert.Equal(9000, (await ExportAsync(from, "archive")).Bars);
        Assert.Equal(9000, (await ExportAsync(from, "bars.parquet")).Bars);
        Assert.Equal(9000, (await ImportAsync(to, PathOf("bars.parquet"))).Sum(result => result.BarsWritten));

        // The store that keeps no type gives its blank bars another one than those with a text.
        var stream = new StreamKey("X", BarInterval.FromSeconds(60));
        Assert.Equal((await DescribeAsync(from, stream)).Skip(5000), (await DescribeAsync(to, stream)).Skip(5000));
        Assert.All((await DescribeAsync(to, stream)).Take(5000), row => Assert.Contains("note:String=∅", row, StringComparison.Ordinal));

        ArgumentException error = await Assert.ThrowsAsync<ArgumentException>(() => ExportAsync(from, "bars.csv"));
        Assert.Contains("'size,base'", error.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(PathOf("bars.csv")));
    }

    [Fact]
    public async Task Ids_are_folders_that_come_back_or_are_refused_before_anything_is_read()
    {
        await using IHistoryStore from = HistoryStoreFactory.Open(PathOf("from.db"));
        var dotted = new StreamKey("../BTC.", BarInterval.FromSeconds(60));
        await WriteAsync(from, dotted, new BarFrame(dotted.Interval, new long[] { 60 }, [Doubles("close", 1)]));
        ExportResult export = await ExportAsync(from, "archive");
        Assert.Equal(Path.Combine(PathOf("archive"), "node_id=..%2FBTC%2E", "interval=1m", "year=1970", "bars.parquet"), Assert.Single(export.Files));
        Assert.Equal([dotted], HistoryImport.StreamsOf(new FileFetcher(export.Files[0]), export.Files[0], [], []));

        var provider = new StoreHistoryProvider(from);
        var wide = new StreamKey(new string('\u5e01', 28), dotted.Interval);
        ArgumentException error = await Assert.ThrowsAsync<ArgumentException>(
            () => HistoryExport.WritePartitionsAsync(provider, [(dotted, All), (wide, All)], PathOf("other")));
        Assert.Contains("is too long for a folder's name", error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(PathOf("other")));
    }

    [Theory]
    [InlineData("bars.parquet")]
    [InlineData("archive")]
    public async Task Ranges_of_one_stream_are_exported_without_what_lies_between(string name)
    {
        await using IHistoryStore from = await FillAsync("from.db");
        (StreamKey, TimeRange)[] ranges =
            [(Odd, new(1_704_067_380, 1_704_067_380)), (Odd, new(1_704_067_200, 1_704_067_200)), (Odd, new(1_704_067_100, 1_704_067_210))];
        var provider = new StoreHistoryProvider(from);
        ExportResult export = name == "archive"
            ? await HistoryExport.WritePartitionsAsync(provider, ranges, PathOf(name))
            : await HistoryExport.WriteFileAsync(provider, ranges, PathOf(name), force: false);
        await using IHistoryStore to = HistoryStoreFactory.Open(PathOf("to.db"));

        Assert.Equal(2, export.Bars);
        Assert.Equal(2, (await ImportAsync(to, PathOf(name))).Sum(result => result.BarsWritten));
        Assert.Equal(
            [new TimeRange(1_704_067_200, 1_704_067_200), new TimeRange(1_704_067_380, 1_704_067_380)], await to.GetCoverageAsync(Odd));
    }

    [Fact]
    public async Task A_file_that_came_to_be_there_meanwhile_is_not_replaced()
    {
        string path = PathOf("bars.csv");
        await Assert.ThrowsAsync<IOException>(() => Qmtl.Output.ReplacedFile.WriteAsync(
            path, "Bars", _ => File.WriteAllTextAsync(path, "somebody's"), replaces: false));
        Assert.Equal("somebody's", await File.ReadAllTextAsync(path));
        Assert.Single(_folder.GetFiles());
    }

    private string PathOf(string name) => Path.Combine(_folder.FullName, name);

    private async Task<IHistoryStore> FillAsync(string name)
    {
        IHistoryStore store = HistoryStoreFactory.Open(PathOf(name));
        await WriteAsync(store, Odd, new BarFrame(Odd.Interval, new long[] { 1_704_067_200, 1_704_067_260, 1_704_067_380 },
        [
            Doubles("close", 1.5, 0.1, -0.0),
            Doubles("open", 5, 1e300, 5e-324),
            Longs("ids", 9_007_199_254_740_993, -1, 3),
            new BarColumn<long>("small", new[] { 1L, 0, 2 }, new[] { false, true, false }),
            Flags("flag", true, false, true),
            Texts("note", "a,b \"c\" \nü", "007", string.Empty),
            Texts("word", null, "true", " "),
            new BarColumn<double>("volume", new[] { 0, 3.0, 0 }, new[] { true, false, true }),
        ]));
        await WriteAsync(store, Hours, new BarFrame(Hours.Interval, new long[] { 1_704_067_200, 1_735_689_600 }, [Doubles("close", 1, 2)]));
        await WriteAsync(store, Months, new BarFrame(Months.Interval, new long[] { 1_704_067_200, 1_706_745_600 }, [Doubles("close", 1, 2)]));
        return store;
    }

    private async Task<ExportResult> ExportAsync(IHistoryStore store, string name)
    {
        var provider = new StoreHistoryProvider(store);
        (StreamKey, TimeRange)[] streams = [.. (await store.GetStreamsAsync()).Select(stream => (stream, All))];
        return name == "archive"
            ? await HistoryExport.WritePartitionsAsync(provider, streams, PathOf(name))
            : await HistoryExport.WriteFileAsync(provider, streams, PathOf(name), force: true);
    }

    private static async Task<IReadOnlyList<BackfillResult>> ImportAsync(IHistoryStore store, string path, params string[] nodes)
    {
        var engine = new BackfillEngine(HistoryImport.Options(new BackfillOptions()));
        List<BackfillResult> results = [];
        foreach (string file in HistoryImport.FilesOf(path))
        {
            var fetcher = new FileFetcher(file);
            await foreach (BackfillResult result in HistoryImport.RunAsync(engine, store, fetcher, HistoryImport.StreamsOf(fetcher, file, nodes, [])))
            {
                results.Add(result);
            }
        }

        return results;
    }
}
