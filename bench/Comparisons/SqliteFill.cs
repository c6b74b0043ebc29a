using System.Diagnostics;
using Microsoft.Data.Sqlite;
using Qmtl.Bench.Data;
using Qmtl.Bench.Harness;
using Qmtl.Data;
using Qmtl.History;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Bench.Comparisons;

/// <summary>Filling a SQLite file, against the bare tools doing the same.</summary>
internal sealed class SqliteFill : IComparisonSet
{
    private const long Bars = 1_000_000;

    private const string CreateTable =
        "PRAGMA journal_mode=WAL; CREATE TABLE \"BTCUSDT\" (node_id TEXT NOT NULL, interval INTEGER NOT NULL, ts INTEGER NOT NULL, open REAL, high REAL, low REAL, close REAL, volume REAL, PRIMARY KEY (node_id, interval, ts)) WITHOUT ROWID;";

    private static readonly string[] ParameterNames = ["$n", "$i", "$t", "$o", "$h", "$l", "$c", "$v"];

    private readonly TemporaryFolder _folder = new();
    private int _file;

    public string Name => "sqlite-fill";

    public async Task<string?> PrepareAsync()
    {
        await CsvRows.WriteAsync(_folder.File("bars.csv"), Bars);
        return Tool.Exists("sqlite3") ? null : "no sqlite3 on PATH";
    }

    public IEnumerable<Comparison> Comparisons()
    {
        yield return new Comparison("fill 1 M bars into SQLite", "`sqlite3 .import` into the same table", Goal.SpeedAtLeast(2.5), FillAsync, ImportAsync);
        yield return new Comparison("fill 1 M bars into SQLite", "a bare prepared insert loop", Goal.SpeedAtLeast(0.95), FillAsync, PreparedLoopAsync);
    }

    public ValueTask DisposeAsync()
    {
        SqliteConnection.ClearAllPools();
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    private string NewFile() => _folder.File($"bars-{_file++}.db");

    private async Task<TimeSpan> FillAsync()
    {
        string path = NewFile();
        await using IHistoryStore store = HistoryStoreFactory.Open(path);
        TimeSpan elapsed = await StoreFiller.FillAsync(store, Bars);
        File.Delete(path);
        return elapsed;
    }

    private async Task<TimeSpan> ImportAsync()
    {
        string path = NewFile();
        await Tool.RunAsync("sqlite3", [path], CreateTable);
        TimeSpan elapsed = await Tool.RunAsync("sqlite3", [path], $".mode csv\n.import {_folder.File("bars.csv")} BTCUSDT\n");
        File.Delete(path);
        return elapsed;
    }

    private async Task<TimeSpan> PreparedLoopAsync()
    {
        string path = NewFile();
        var watch = new Stopwatch();
        await using (var connection = new SqliteConnection($"Data Source={path};Pooling=False"))
        {
            await connection.OpenAsync();
            await using SqliteCommand create = connection.CreateCommand();
            create.CommandText = CreateTable + "PRAGMA synchronous=NORMAL;";
            await create.ExecuteNonQueryAsync();
            await using SqliteCommand insert = connection.CreateCommand();
            insert.CommandText = "INSERT INTO \"BTCUSDT\" VALUES ($n, $i, $t, $o, $h, $l, $c, $v)";
            SqliteParameter[] parameters = [.. ParameterNames.Select(name => insert.Parameters.Add(new SqliteParameter(name, null)))];
            parameters[0].Value = SyntheticBars.Stream.NodeId;
            parameters[1].Value = SyntheticBars.Minute.Seconds;
            foreach (BarFrame frame in SyntheticBars.Frames(Bars, 50_000))
            {
                double[][] columns = [.. frame.Columns.Select(column => ((BarColumn<double>)column).Values.ToArray())];
                watch.Start();
                await using (SqliteTransaction transaction = connection.BeginTransaction())
                {
                    insert.Transaction = transaction;
                    for (int row = 0; row < frame.Count; row++)
                    {
                        parameters[2].Value = frame.Timestamps[row];
                        for (int column = 0; column < columns.Length; column++)
                        {
                            parameters[3 + column].Value = columns[column][row];
                        }

                        insert.ExecuteNonQuery();
                    }

                    await transaction.CommitAsync();
                }

                watch.Stop();
            }
        }

        File.Delete(path);
        return watch.Elapsed;
    }
}
