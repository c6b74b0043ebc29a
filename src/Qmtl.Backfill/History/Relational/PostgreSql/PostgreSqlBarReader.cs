using Npgsql;
using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.History.Relational.PostgreSql;

/// <summary>Reads bars from a PostgreSQL table, a frame at a time.</summary>
/// <remarks>
/// Where the table has its key, bars are asked for in batches, each a statement of its own: a caller that takes its time
/// then holds up nothing on the server, and one that stops early leaves little unread.
/// </remarks>
internal sealed class PostgreSqlBarReader : IBarReader
{
    private const int BarsInFrame = 4096;
    private const int BarsInBatch = 16 * BarsInFrame;

    private readonly TableSchema _table;
    private readonly BarInterval _interval;
    private readonly TimeRange _range;
    private readonly NpgsqlCommand _command;
    private readonly NpgsqlParameter<long> _from;
    private NpgsqlDataReader? _reader;
    private long _reached;
    private int _rowsInBatch;
    private long _expected = long.MinValue;
    private bool _finished;

    public PostgreSqlBarReader(NpgsqlConnection connection, string tableSql, TableSchema table, StreamKey stream, TimeRange range)
    {
        _table = table;
        _interval = stream.Interval;
        _range = range;
        _reached = range.Start - 1;
        string timestamp = SqlText.Quote(table.Timestamp.Name);
        string columns = string.Concat(table.Payload.Select(column => $", {PostgreSqlTypes.ReadSql(column)}"));
        string limit = table.HasKey ? $" LIMIT {BarsInBatch}" : string.Empty;
        _from = new NpgsqlParameter<long>();
        _command = new NpgsqlCommand(
            $"SELECT {timestamp}::int8{columns} FROM {tableSql} WHERE {SqlText.Quote(table.NodeId.Name)} = $1 AND {SqlText.Quote(table.Interval.Name)} = $2 "
            + $"AND {timestamp} BETWEEN $3 AND $4 ORDER BY {timestamp}{limit}",
            connection)
        {
            Parameters =
            {
                new NpgsqlParameter<string> { TypedValue = stream.NodeId },
                new NpgsqlParameter<int> { TypedValue = stream.Interval.Number },
                _from,
                new NpgsqlParameter<long> { TypedValue = range.End },
            },
        };
    }

    public async Task<BarFrame?> ReadFrameAsync(CancellationToken cancellationToken)
    {
        long[] timestamps = new long[BarsInFrame];
        PostgreSqlColumnReader[] columns = [.. _table.Payload.Select((column, index) => PostgreSqlColumnReader.Create(column, index + 1, BarsInFrame))];
        int count = 0;
        while (count < BarsInFrame && await NextAsync(cancellationToken))
        {
            long timestamp = _reader!.GetInt64(0);
            _reached = timestamp;

            // Rows that are on no bar, or on one that was just read, are left out; only tables of other programs have them.
            if (timestamp != _expected && (timestamp < _expected || !_interval.IsOnGrid(timestamp)))
            {
                continue;
            }

            _expected = _interval.Next(timestamp);
            timestamps[count] = timestamp;
            foreach (PostgreSqlColumnReader column in columns)
            {
                column.Read(_reader);
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
            if (!_table.HasKey)
            {
                // The answer may be of any length, and the driver would read the rest of it to find its end.
                _command.Cancel();
            }

            try
            {
                await _reader.DisposeAsync();
            }
            catch (NpgsqlException)
            {
                // What the cancelled statement still had to say.
            }
        }

        await _command.DisposeAsync();
    }

    private async ValueTask<bool> NextAsync(CancellationToken cancellationToken)
    {
        while (!_finished)
        {
            if (_reader is null)
            {
                _from.TypedValue = _reached + 1;
                _rowsInBatch = 0;
                _reader = await _command.ExecuteReaderAsync(cancellationToken);
            }

            if (await _reader.ReadAsync(cancellationToken))
            {
                _rowsInBatch++;
                return true;
            }

            _finished = !_table.HasKey || _rowsInBatch < BarsInBatch || _reached >= _range.End;
            await _reader.DisposeAsync();
            _reader = null;
        }

        return false;
    }
}
