using Npgsql;
using Qmtl.Data;
using Qmtl.History.Relational;
using Qmtl.History.Relational.PostgreSql;
using Qmtl.Time;

namespace Qmtl.History.QuestDb;

/// <summary>Reads bars from a table of QuestDB, a frame at a time.</summary>
/// <remarks>
/// Where the table is ordered by its bars, they are asked for in batches, each a statement of its own: a caller that takes its
/// time then keeps no old version of the table alive on the server, and one that stops early leaves little unread.
/// </remarks>
internal sealed class QuestDbBarReader : IBarReader
{
    private const int BarsInFrame = 4096;
    private const int BarsInBatch = 32 * BarsInFrame;

    private readonly NpgsqlConnection _connection;
    private readonly QuestDbRows _rows;
    private readonly IReadOnlyList<StoredColumn> _columns;
    private readonly BarInterval _interval;
    private readonly TimeRange _range;
    private readonly bool _isOrderedByBar;
    private readonly string _selectSql;
    private NpgsqlCommand? _command;
    private NpgsqlDataReader? _reader;
    private long _reached;
    private int _rowsInBatch;
    private long _expected = long.MinValue;
    private bool _finished;

    /// <summary>A reader; nothing is asked yet.</summary>
    /// <param name="connection">An open connection.</param>
    /// <param name="table">The table.</param>
    /// <param name="columns">The payload columns to read.</param>
    /// <param name="stream">The stream.</param>
    /// <param name="range">The bars to read.</param>
    /// <param name="isOrderedByBar">Whether the table is kept in the order of its bars, so that a piece of them need not be sorted.</param>
    public QuestDbBarReader(NpgsqlConnection connection, TableSchema table, IReadOnlyList<StoredColumn> columns, StreamKey stream, TimeRange range, bool isOrderedByBar)
    {
        _connection = connection;
        _rows = new QuestDbRows(table, stream);
        _columns = columns;
        _interval = stream.Interval;
        _range = range;
        _isOrderedByBar = isOrderedByBar;
        _reached = range.Start - 1;

        string payload = string.Concat(columns.Select(column => $", {QuestDbTypes.ReadSql(column)}"));
        _selectSql = $"SELECT {_rows.ReadTimestampSql}{payload} {_rows.FromSql}";
    }

    public async Task<BarFrame?> ReadFrameAsync(CancellationToken cancellationToken)
    {
        long[] timestamps = new long[BarsInFrame];
        PostgreSqlColumnReader[] columns = [.. _columns.Select((column, index) => PostgreSqlColumnReader.Create(column, index + 1, BarsInFrame))];
        int count = 0;
        while (count < BarsInFrame && await NextAsync(cancellationToken))
        {
            bool isWhole = _rows.TryReadSeconds(_reader!, out long timestamp);
            _reached = Math.Max(_reached, timestamp);

            // Rows that are on no bar, or on one that was just read, are left out; only tables of other programs have them.
            if (!isWhole || (timestamp != _expected && (timestamp < _expected || !_interval.IsOnGrid(timestamp))))
            {
                continue;
            }

            _expected = _interval.Next(timestamp);
            timestamps[count] = timestamp;
            foreach (PostgreSqlColumnReader column in columns)
            {
                column.Read(_reader!);
            }

            count++;
        }

        return count == 0
            ? null
            : BarFrame.FromChecked(_interval, timestamps.AsMemory(0, count), [.. columns.Select(column => column.Build())]);
    }

    public async ValueTask DisposeAsync()
    {
        if (_reader is not null)
        {
            // The driver would read the rest of the answer to find its end.
            _command!.Cancel();
            try
            {
                await _reader.DisposeAsync();
            }
            catch (NpgsqlException)
            {
                // What the cancelled statement still had to say.
            }
        }

        if (_command is not null)
        {
            await _command.DisposeAsync();
        }
    }

    private async ValueTask<bool> NextAsync(CancellationToken cancellationToken)
    {
        while (!_finished)
        {
            if (_reader is null)
            {
                await AskAsync(cancellationToken);
            }

            if (await _reader!.ReadAsync(cancellationToken))
            {
                _rowsInBatch++;
                return true;
            }

            _finished = !_isOrderedByBar || _rowsInBatch < BarsInBatch || _reached >= _range.End;
            await _reader.DisposeAsync();
            await _command!.DisposeAsync();
            _reader = null;
        }

        return false;
    }

    // A batch ends with its last row, which may be one of several at one second; the next begins at the second after it.
    private async Task AskAsync(CancellationToken cancellationToken)
    {
        string limit = _isOrderedByBar ? $" LIMIT {BarsInBatch}" : string.Empty;
        _command = new NpgsqlCommand($"{_selectSql} AND {_rows.BetweenSql(new TimeRange(_reached + 1, _range.End))} ORDER BY 1{limit}", _connection);
        _rows.AddParameters(_command.Parameters);
        _rowsInBatch = 0;
        _reader = await _command.ExecuteReaderAsync(cancellationToken);
    }
}
