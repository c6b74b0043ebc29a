using System.Diagnostics;
using Npgsql;
using NpgsqlTypes;
using Qmtl.Bench.Data;
using Qmtl.Bench.Harness;
using Qmtl.Data;
using Qmtl.History;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Bench.Comparisons;

/// <summary>Filling a PostgreSQL table with its unique key in place, against the bare tools doing the same.</summary>
internal sealed class PostgreSqlFill : IComparisonSet
{
    private const long Bars = 1_000_000;

    private const string CreateTable =
        "DROP TABLE IF EXISTS \"BTCUSDT\"; CREATE TABLE \"BTCUSDT\" (node_id text NOT NULL, interval integer NOT NULL, ts bigint NOT NULL, open double precision, high double precision, low double precision, close double precision, volume double precision, PRIMARY KEY (node_id, interval, ts));";

    private const string Columns = "(node_id, \"interval\", ts, open, high, low, close, volume)";

    private readonly PrivatePostgreSql _server = new(isDurable: true);
    private readonly TemporaryFolder _folder = new();

    public string Name => "postgresql-fill";

    public async Task<string?> PrepareAsync()
    {
        if (PostgreSqlBinaries.MissingReason is { } reason || !Tool.Exists("psql"))
        {
            return PostgreSqlBinaries.MissingReason ?? "no psql on PATH";
        }

        await CsvRows.WriteAsync(_folder.File("bars.csv"), Bars);
        await _server.CreateAsync();
        return null;
    }

    public IEnumerable<Comparison> Comparisons()
    {
        yield return new Comparison("fill 1 M bars into PostgreSQL, unique key in place", "`psql \\copy` of the same rows", Goal.SpeedAtLeast(1.5), FillAsync, CopyAsync);
        yield return new Comparison("fill 1 M bars into PostgreSQL, unique key in place", "one binary COPY by a bare Npgsql importer", Goal.SpeedAtLeast(0.9), FillAsync, ImportAsync);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _folder.Dispose();
    }

    private async Task<TimeSpan> FillAsync()
    {
        await RunAsync(CreateTable);
        await using IHistoryStore store = HistoryStoreFactory.Open(_server.ConnectionString);
        return await StoreFiller.FillAsync(store, Bars);
    }

    private async Task<TimeSpan> CopyAsync()
    {
        await RunAsync(CreateTable);
        string[] arguments = ["-X", "-q", "-h", "127.0.0.1", "-p", $"{_server.Port}", "-U", PrivatePostgreSql.UserName, "-d", "postgres", "-c", $"\\copy \"BTCUSDT\" {Columns} from '{_folder.File("bars.csv")}' csv"];
        return await Tool.RunAsync("psql", arguments, environment: new Dictionary<string, string?> { ["PGPASSWORD"] = PrivatePostgreSql.Password });
    }

    private async Task<TimeSpan> ImportAsync()
    {
        await RunAsync(CreateTable);
        var watch = new Stopwatch();
        await using var connection = new NpgsqlConnection(_server.ConnectionString);
        await connection.OpenAsync();
        await using NpgsqlBinaryImporter importer = await connection.BeginBinaryImportAsync($"COPY \"BTCUSDT\" {Columns} FROM STDIN (FORMAT BINARY)");
        foreach (BarFrame frame in SyntheticBars.Frames(Bars, 50_000))
        {
            double[][] columns = [.. frame.Columns.Select(column => ((BarColumn<double>)column).Values.ToArray())];
            watch.Start();
            for (int row = 0; row < frame.Count; row++)
            {
                await importer.StartRowAsync();
                await importer.WriteAsync(SyntheticBars.Stream.NodeId, NpgsqlDbType.Text);
                await importer.WriteAsync((int)SyntheticBars.Minute.Seconds, NpgsqlDbType.Integer);
                await importer.WriteAsync(frame.Timestamps[row], NpgsqlDbType.Bigint);
                foreach (double[] column in columns)
                {
                    await importer.WriteAsync(column[row], NpgsqlDbType.Double);
                }
            }

            watch.Stop();
        }

        watch.Start();
        await importer.CompleteAsync();
        return watch.Elapsed;
    }

    private async Task RunAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(_server.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
