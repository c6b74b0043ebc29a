using Microsoft.Data.Sqlite;
using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.History.Relational.Sqlite;

/// <summary>Reads bars from a SQLite table, a frame at a time.</summary>
/// <remarks>
/// Where the table has its key, every frame is a read of its own: between frames nothing is held open, so that a caller
/// that takes its time does not keep the write-ahead log from being folded back into the file.
/// </remarks>
internal sealed class SqliteBarReader : BarReader
{
    private readonly TableSchema _table;
    private readonly SqliteStatement _statement;
    private bool _finished;

    public SqliteBarReader(SqliteConnection connection, TableSchema table, StreamKey stream, TimeRange range)
        : base(stream.Interval, range)
    {
        _table = table;
        string timestamp = SqlText.Quote(table.Timestamp.Name);
        string limit = table.HasKey ? $" LIMIT {BarsInFrame}" : string.Empty;
        _statement = new SqliteStatement(
            connection,
            $"SELECT {timestamp}{table.PayloadSql} FROM {SqliteSession.NameOf(table.Table)} WHERE {SqlText.Quote(table.NodeId.Name)} = ?1 "
            + $"AND {SqlText.Quote(table.Interval.Name)} = ?2 AND {timestamp} BETWEEN ?3 AND ?4 ORDER BY {timestamp}{limit}");
        _statement.Bind(1, stream.NodeId);
        _statement.Bind(2, stream.Interval.Number);
        _statement.Bind(3, range.Start);
        _statement.Bind(4, range.End);
    }

    // SQLite's calls block; see SqliteHistoryStore.RunAsync, which has moved this to the pool already.
    public override Task<BarFrame?> ReadFrameAsync(CancellationToken cancellationToken)
    {
        BarFrame? frame = null;
        while (!_finished && frame is null)
        {
            cancellationToken.ThrowIfCancellationRequested();
            frame = ReadFrame();
        }

        return Task.FromResult(frame);
    }

    public override ValueTask DisposeAsync()
    {
        _statement.Dispose();
        return ValueTask.CompletedTask;
    }

    private BarFrame? ReadFrame()
    {
        SqliteColumnReader[] columns = [];
        int rows = 0;
        long reached = Asked.End;
        while (!IsFull && Next())
        {
            rows++;
            (reached, bool isWhole) = _statement.GetFloor(0);
            if (isWhole && TryAdd(reached))
            {
                // Many a look finds nothing.
                columns = columns.Length > 0 ? columns : [.. _table.Payload.Select(column => new SqliteColumnReader(column, Room))];
                for (int column = 0; column < columns.Length; column++)
                {
                    columns[column].Read(_statement.Handle, column + 1);
                }
            }
        }

        if (_table.HasKey)
        {
            _statement.Reset();
            _statement.Bind(3, reached + 1);
            _finished = rows < BarsInFrame || reached >= Asked.End;
        }

        return Build(columns.Select(column => column.Build()));
    }

    private bool Next()
    {
        bool more = _statement.Step();
        _finished |= !more;
        return more;
    }
}
