using System.Diagnostics;
using System.Globalization;
using System.Text;
using Microsoft.Data.Sqlite;
using Npgsql;
using Qmtl.Backfill;
using Qmtl.Bench.Data;
using Qmtl.Bench.Harness;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.Fetching.Exchanges;
using Qmtl.History;
using Qmtl.Simulation;
using Qmtl.Simulation.Markets;
using Qmtl.Time;
using Qmtl.Unit.Fixtures;
using SQLitePCL;

namespace Qmtl.Bench.Comparisons;

/// <summary>One new bar for each of many streams, as whenever bars have closed, against the bare writes.</summary>
internal sealed class Newest : IComparisonSet
{
    private const string What = "one new bar for each of 5,000 streams";
    private const string First = "the first bar of each of 5,000 new streams";
    private const int Near = 500;

    // As many as a transaction of a server in its default settings has locks for.
    private const int StreamsInTransaction = 1000;

    // Who keeps streams has run for long: by then the runtime has compiled anew what is run often.
    private const int BarsBefore = 40;

    private readonly PrivatePostgreSql _server = new(isDurable: true);
    private readonly TemporaryFolder _folder = new();
    private readonly List<Side> _sides = [];

    public string Name => "newest";

    public async Task<string?> PrepareAsync()
    {
        await _server.CreateAsync();
        return null;
    }

    public IEnumerable<Comparison> Comparisons()
    {
        yield return OnSqlite("SQLite", table: null, compared: 0, Goal.TimeAtMost(3));
        yield return OnSqlite("SQLite, with 3 stored bars compared", table: null, compared: 3, Goal.None);
        yield return OnSqlite("SQLite, one table for all", table: "bars", compared: 0, Goal.None);
        if (PostgreSqlBinaries.MissingReason is null)
        {
            yield return OnPostgreSql("PostgreSQL", compared: 0, Goal.TimeAtMost(3));
            yield return OnPostgreSql("PostgreSQL, with 3 stored bars compared", compared: 3, Goal.None);
        }

        yield return NewOnSqlite();
        if (PostgreSqlBinaries.MissingReason is null)
        {
            yield return NewOnPostgreSql();
        }

        yield return new Comparison(
            $"from the close of a bar to its row, {Near} streams over loopback HTTP into SQLite: the 99th percentile", "–",
            Goal.SecondsAtMost(1), () => CloseToRowAsync(_folder.File("near.db")));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (Side side in _sides)
        {
            await side.Store.DisposeAsync();
        }

        await _server.DisposeAsync();
        _folder.Dispose();
    }

    private Comparison OnSqlite(string name, string? table, int compared, Goal goal)
    {
        string bare = _folder.File($"{_sides.Count}-bare.db");
        string ours = _folder.File($"{_sides.Count}-ours.db");
        var side = new Side(HistoryStoreFactory.Open(ours, new HistoryStoreOptions { Table = table }));
        _sides.Add(side);
        int bar = 0;
        string[] tables = [.. ManyStreams.All.Select(stream => table ?? stream.NodeId)];
        return new Comparison(
            $"{What} on {name}",
            "the bare writes in one transaction",
            goal,
            async () =>
            {
                if (side.Bar == 0)
                {
                    MakeSqlite(ours, tables);
                    await side.WarmUpAsync(compared);
                }

                return await side.CompleteAsync(compared);
            },
            () =>
            {
                if (bar == 0)
                {
                    MakeSqlite(bare, tables);
                    for (; bar < BarsBefore; bar++)
                    {
                        WriteSqlite(bare, tables, bar);
                    }
                }

                return Task.FromResult(WriteSqlite(bare, tables, bar++));
            });
    }

    private Comparison OnPostgreSql(string name, int compared, Goal goal)
    {
        string? ours = null;
        string? bare = null;
        Side? side = null;
        int bar = 0;
        return new Comparison(
            $"{What} on {name}",
            "the bare writes in as few transactions as the server takes",
            goal,
            async () =>
            {
                if (side is null)
                {
                    ours = await MakePostgreSqlAsync();
                    side = new Side(HistoryStoreFactory.Open(ours));
                    _sides.Add(side);
                    await side.WarmUpAsync(compared);
                }

                return await side.CompleteAsync(compared);
            },
            async () =>
            {
                if (bare is null)
                {
                    bare = await MakePostgreSqlAsync();
                    for (; bar < BarsBefore; bar++)
                    {
                        await WritePostgreSqlAsync(bare, bar);
                    }
                }

                return await WritePostgreSqlAsync(bare, bar++);
            });
    }

    private Comparison NewOnSqlite()
    {
        int number = 0;
        string[] tables = [.. ManyStreams.All.Select(stream => stream.NodeId)];
        return new Comparison(
            $"{First} on SQLite",
            "the bare tables in one transaction, and the bare writes in another",
            Goal.None,
            () => TimeFirstAsync(_folder.File($"{number++}-new.db")),
            () =>
            {
                string file = _folder.File($"{number++}-new.db");
                long started = Stopwatch.GetTimestamp();
                MakeSqlite(file, tables);
                WriteSqlite(file, tables, 0);
                return Task.FromResult(Stopwatch.GetElapsedTime(started));
            });
    }

    private Comparison NewOnPostgreSql() => new(
        $"{First} on PostgreSQL",
        "the bare tables, and then the bare writes, in as few transactions as the server takes",
        Goal.None,
        async () => await TimeFirstAsync(_server.ConnectionStringOf(await _server.CreateDatabaseAsync())),
        async () =>
        {
            string database = _server.ConnectionStringOf(await _server.CreateDatabaseAsync());
            long started = Stopwatch.GetTimestamp();
            await MakePostgreSqlTablesAsync(database);
            await WritePostgreSqlAsync(database, 0);
            return Stopwatch.GetElapsedTime(started);
        });

    private static async Task<TimeSpan> TimeFirstAsync(string where)
    {
        await using IHistoryStore store = HistoryStoreFactory.Open(where);
        long started = Stopwatch.GetTimestamp();
        await ManyStreams.CompleteAsync(new NewestBars(), store, bar: 0, compared: 0);
        return Stopwatch.GetElapsedTime(started);
    }

    private static void MakeSqlite(string file, string[] tables)
    {
        using var connection = new SqliteConnection($"Data Source={file}");
        connection.Open();
        Run(connection, "PRAGMA journal_mode=WAL");
        Run(connection, "BEGIN");
        foreach (string table in tables.Distinct())
        {
            Run(connection, ManyStreams.CreateSql(table, "TEXT", "INTEGER", "INTEGER", "REAL", " WITHOUT ROWID"));
        }

        Run(connection, "COMMIT");
    }

    private static void Run(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    // Straight on SQLite's own interface, and a statement is prepared once for each table: there is no faster way to write them.
    private static TimeSpan WriteSqlite(string file, string[] tables, int bar)
    {
        using var connection = new SqliteConnection($"Data Source={file}");
        connection.Open();
        double[] values = ManyStreams.ValuesOf(bar);
        Run(connection, "SELECT count(*) FROM sqlite_schema");
        long started = Stopwatch.GetTimestamp();
        Run(connection, "PRAGMA synchronous=NORMAL");
        Run(connection, "BEGIN IMMEDIATE");
        sqlite3_stmt? statement = null;
        for (int stream = 0; stream < tables.Length; stream++)
        {
            if (stream == 0 || tables[stream] != tables[stream - 1])
            {
                statement?.Dispose();
                Check(raw.sqlite3_prepare_v2(connection.Handle, ManyStreams.InsertSql(tables[stream], static number => $"?{number}"), out statement));
            }

            Check(raw.sqlite3_bind_text(statement, 1, ManyStreams.All[stream].NodeId));
            Check(raw.sqlite3_bind_int64(statement, 2, SyntheticBars.Minute.Seconds));
            Check(raw.sqlite3_bind_int64(statement, 3, ManyStreams.OpenOf(bar)));
            for (int column = 0; column < values.Length; column++)
            {
                Check(raw.sqlite3_bind_double(statement, 4 + column, values[column]));
            }

            Check(raw.sqlite3_step(statement), raw.SQLITE_DONE);
            Check(raw.sqlite3_reset(statement));
        }

        statement?.Dispose();
        Run(connection, "COMMIT");
        return Stopwatch.GetElapsedTime(started);

        static void Check(int result, int expected = raw.SQLITE_OK)
        {
            if (result != expected)
            {
                throw new InvalidOperationException($"SQLite said {result}.");
            }
        }
    }

    private async Task<string> MakePostgreSqlAsync()
    {
        string database = _server.ConnectionStringOf(await _server.CreateDatabaseAsync());
        await MakePostgreSqlTablesAsync(database);
        await using var connection = new NpgsqlConnection(database);
        await connection.OpenAsync();
        await using var analyze = new NpgsqlCommand("VACUUM ANALYZE pg_class, pg_attribute, pg_index", connection);
        await analyze.ExecuteNonQueryAsync();
        return database;
    }

    private static async Task MakePostgreSqlTablesAsync(string database)
    {
        await using var connection = new NpgsqlConnection(database);
        await connection.OpenAsync();
        foreach (StreamKey[] some in ManyStreams.All.Chunk(StreamsInTransaction))
        {
            await using var command = new NpgsqlCommand(
                string.Join(";", some.Select(stream => ManyStreams.CreateSql(
                    stream.NodeId, "text", "integer", "bigint", "double precision", string.Empty))),
                connection);
            await command.ExecuteNonQueryAsync();
        }
    }

    private static async Task<TimeSpan> WritePostgreSqlAsync(string database, int bar)
    {
        await using var connection = new NpgsqlConnection(database);
        await connection.OpenAsync();
        double[] values = ManyStreams.ValuesOf(bar);
        long started = Stopwatch.GetTimestamp();
        foreach (StreamKey[] some in ManyStreams.All.Chunk(StreamsInTransaction))
        {
            await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync();
            await using var batch = new NpgsqlBatch(connection, transaction);
            foreach (StreamKey stream in some)
            {
                var command = new NpgsqlBatchCommand(ManyStreams.InsertSql(stream.NodeId, static number => $"${number}"));
                command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = stream.NodeId });
                command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = (int)SyntheticBars.Minute.Seconds });
                command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = ManyStreams.OpenOf(bar) });
                foreach (double value in values)
                {
                    command.Parameters.Add(new NpgsqlParameter<double> { TypedValue = value });
                }

                batch.BatchCommands.Add(command);
            }

            await batch.ExecuteNonQueryAsync();
            await transaction.CommitAsync();
        }

        return Stopwatch.GetElapsedTime(started);
    }

    // A bar closes when the call begins: who keeps streams calls then. Its row is there when its result is.
    private static async Task<TimeSpan> CloseToRowAsync(string file)
    {
        File.Delete(file);
        string[] symbols = [.. Enumerable.Range(0, Near).Select(number => string.Create(CultureInfo.InvariantCulture, $"S{number}USDT"))];
        await using SimulatedExchange exchange = SimulatedExchange.Start(new SimulatedExchangeOptions
        {
            Markets = [.. symbols.Select(symbol => new GeneratedMarket(symbol))],
            WeightPerMinute = null,
            RequestLogCapacity = 0,
        });
        using Stream shipped = typeof(ExchangeCatalog).Assembly.GetManifestResourceStream("Qmtl.Exchanges.binance.json")!;
        string text = new StreamReader(shipped).ReadToEnd()
            .Replace("https://api.binance.com", exchange.BaseUri.ToString(), StringComparison.Ordinal);
        IDataFetcher fetcher = ExchangeProfileReader.Read(Encoding.UTF8.GetBytes(text), "binance.json")
            .CreateFetcher(new() { UseBulkFiles = false, Limits = [] });
        await using IHistoryStore store = HistoryStoreFactory.Open(file);
        var newest = new NewestBars();
        long start = new DateTimeOffset(2022, 1, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeSeconds();
        var took = new List<TimeSpan>();

        // The first two make tables and connections.
        for (int bar = 0; bar < 6; bar++)
        {
            var range = new TimeRange(start, start + (bar * 60));
            long closed = Stopwatch.GetTimestamp();
            await foreach (BackfillResult result in newest.RunAsync(symbols.Select(
                symbol => new BackfillRequest(store, fetcher, new StreamKey(symbol, SyntheticBars.Minute), [range]))))
            {
                if (result.BarsWritten != 1)
                {
                    throw new InvalidOperationException($"{result.Stream}: {result.BarsWritten} bars were written: {result.Error?.Message}");
                }

                if (bar > 1)
                {
                    took.Add(Stopwatch.GetElapsedTime(closed));
                }
            }
        }

        took.Sort();
        return took[(took.Count * 99 / 100) - 1];
    }

    /// <summary>A store of ours, and how far its streams are complete.</summary>
    private sealed class Side(IHistoryStore store)
    {
        private readonly NewestBars _newest = new();

        public IHistoryStore Store => store;

        public int Bar { get; private set; }

        public async Task WarmUpAsync(int compared)
        {
            while (Bar < BarsBefore)
            {
                await CompleteAsync(compared);
            }
        }

        public async Task<TimeSpan> CompleteAsync(int compared)
        {
            long started = Stopwatch.GetTimestamp();
            await ManyStreams.CompleteAsync(_newest, store, Bar++, compared);
            return Stopwatch.GetElapsedTime(started);
        }
    }
}
