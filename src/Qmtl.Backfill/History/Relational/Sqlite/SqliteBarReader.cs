using Microsoft.Data.Sqlite;
using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.History.Relational.Sqlite;

/// <summary>Reads bars from a SQLite table, a frame at a time.</summary>
/// <remarks>
/// Where the table has its key, every frame is a read of its own: between frames nothing is held open, so that a caller
/// that takes its time does not keep the write-ahead log from being folded back into the file.
/// </remarks>
internal sealed class SqliteBarReader : IBarReader
{
    private const int BarsInFrame = 4096;

    private readonly TableSchema _table;
    private readonly BarInterval _interval;
    private readonly TimeRange _range;
    private readonly SqliteStatement _statement;
    private long _expected = long.MinValue;
    private bool _finished;

    public SqliteBarReader(SqliteConnection connection, TableSchema table, StreamKey stream, TimeRange range)
    {
        _table = table;
        _interval = stream.Interval;
        _range = range;
        string timestamp = SqlText.Quote(table.Timestamp.Name);
        string columns = string.Concat(table.Payload.Select(column => $", {SqlText.Quote(column.Name)}"));
        string limit = table.HasKey ? $" LIMIT {BarsInFrame}" : string.Empty;
        _statement = new SqliteStatement(
            connection,
            $"SELECT {timestamp}{columns} FROM {SqliteSession.NameOf(table.Table)} WHERE {SqlText.Quote(table.NodeId.Name)} = ?1 "
            + $"AND {SqlText.Quote(table.Interval.Name)} = ?2 AND {timestamp} BETWEEN ?3 AND ?4 ORDER BY {timestamp}{limit}");
        _statement.Bind(1, stream.NodeId);
        _statement.Bind(2, stream.Interval.Number);
        _statement.Bind(3, range.Start);
        _statement.Bind(4, range.End);
    }

    // SQLite's calls block; see SqliteHistoryStore.RunAsync, which has moved this to the pool already.
    public Task<BarFrame?> ReadFrameAsync(CancellationToken cancellationToken)
    {
        BarFrame? frame = null;
        while (!_finished && frame is null)
        {
            cancellationToken.ThrowIfCancellationRequested();
            frame = ReadFrame();
        }

        return Task.FromResult(frame);
    }

    public ValueTask DisposeAsync()
    {
        _statement.Dispose();
        return ValueTask.CompletedTask;
    }

    private BarFrame? ReadFrame()
    {
        long[] timestamps = new long[BarsInFrame];
        SqliteColumnReader[] columns = [.. _table.Payload.Select(column => new SqliteColumnReader(column, BarsInFrame))];
        int rows = 0;
        int count = 0;
        long reached = _range.End;
        while (count < BarsInFrame && Next())
        {
            rows++;
            (reached, bool isWhole) = _statement.GetFloor(0);

            // Rows that are on no bar, or on one that was just read, are left out; only tables of other programs have them.
            bool follows = reached == _expected;
            if (!isWhole || (!follows && (reached < _expected || !_interval.IsOnGrid(reached))))
            {
                continue;
            }

            _expected = _interval.Next(reached);
            timestamps[count] = reached;
            for (int column = 0; column < columns.Length; column++)
            {
                columns[column].Read(_statement.Handle, column + 1);
            }

            count++;
        }

        if (_table.HasKey)
        {
            _statement.Reset();
            _statement.Bind(3, reached + 1);
            _finished = rows < BarsInFrame || reached >= _range.End;
        }

        return count == 0
            ? null
            : BarFrame.FromChecked(_interval, timestamps.AsMemory(0, count), [.. columns.Select(column => column.Build())]);
    }

    private bool Next()
    {
        bool more = _statement.Step();
        _finished |= !more;
        return more;
    }
}
