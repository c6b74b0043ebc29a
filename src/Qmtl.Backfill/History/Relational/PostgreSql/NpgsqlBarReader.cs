using Npgsql;
using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.History.Relational.PostgreSql;

/// <summary>Reads bars over the PostgreSQL wire.</summary>
/// <remarks>
/// Where the table is in the order of its bars, they are asked for in batches, each a statement of its own: a caller that takes its time
/// then holds up nothing on the server, and one that stops early leaves little unread.
/// </remarks>
/// <param name="columns">The payload columns that are read, after the bar's open.</param>
/// <param name="interval">The stream's interval.</param>
/// <param name="asked">The bars to read.</param>
/// <param name="barsInBatch">How many rows a statement gives at most; null where the table is in no order and read in one.</param>
internal abstract class NpgsqlBarReader(IReadOnlyList<StoredColumn> columns, BarInterval interval, TimeRange asked, int? barsInBatch)
    : BarReader(interval, asked)
{
    private NpgsqlCommand? _command;
    private NpgsqlDataReader? _reader;
    private long _reached = asked.Start - 1;
    private int _rowsInBatch;
    private bool _finished;
    private bool _isLent;

    /// <summary>The statement of the first batch of bars, to be sent together with others.</summary>
    public NpgsqlBatchCommand ToBatchCommand()
    {
        using NpgsqlCommand command = CreateCommand(Asked, LimitSql);
        var batched = new NpgsqlBatchCommand(command.CommandText);
        NpgsqlParameter[] parameters = [.. command.Parameters.Cast<NpgsqlParameter>()];
        command.Parameters.Clear();
        batched.Parameters.AddRange(parameters);
        return batched;
    }

    /// <summary>Reads the answer to <see cref="ToBatchCommand"/>, at which the reader stands; of a short range that is all.</summary>
    public Task<IReadOnlyList<BarFrame>> ReadAllAsync(NpgsqlDataReader reader, CancellationToken cancellationToken)
    {
        (_reader, _isLent) = (reader, true);
        return ReadAllAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public override async Task<BarFrame?> ReadFrameAsync(CancellationToken cancellationToken)
    {
        PostgreSqlColumnReader[] payload =
            [.. columns.Select((column, index) => PostgreSqlColumnReader.Create(column, index + 1, Room))];
        while (!IsFull && await NextAsync(cancellationToken))
        {
            bool isWhole = TryReadOpen(_reader!, out long open);
            _reached = Math.Max(_reached, open);
            if (isWhole && TryAdd(open))
            {
                foreach (PostgreSqlColumnReader column in payload)
                {
                    column.Read(_reader!);
                }
            }
        }

        return Build(payload.Select(column => column.Build()));
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        if (_reader is not null && !_isLent)
        {
            // The driver would read the rest of the answer to find its end.
            if (IsLong)
            {
                _command!.Cancel();
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

        if (_command is not null)
        {
            await _command.DisposeAsync();
        }
    }

    /// <summary>Whether an answer is so long that it is worth a cancellation not to read the rest.</summary>
    protected virtual bool IsLong => barsInBatch is null;

    /// <summary>The statement that gives the bars in <paramref name="rest"/> in order, with <paramref name="limit"/> at its end.</summary>
    protected abstract NpgsqlCommand CreateCommand(TimeRange rest, string limit);

    /// <summary>The second at which the reader's row is; false where it lies between two.</summary>
    protected abstract bool TryReadOpen(NpgsqlDataReader reader, out long open);

    private string LimitSql => barsInBatch is { } most ? $" LIMIT {most}" : string.Empty;

    private async ValueTask<bool> NextAsync(CancellationToken cancellationToken)
    {
        while (!_finished)
        {
            if (_reader is null)
            {
                // A batch ends with its last row, which may be one of several at one second; the next begins at the second after it.
                _command = CreateCommand(new TimeRange(_reached + 1, Asked.End), LimitSql);
                _rowsInBatch = 0;
                _reader = await _command.ExecuteReaderAsync(cancellationToken);
            }

            if (await _reader.ReadAsync(cancellationToken))
            {
                _rowsInBatch++;
                return true;
            }

            _finished = _isLent || barsInBatch is null || _rowsInBatch < barsInBatch || _reached >= Asked.End;
            if (_isLent)
            {
                break;
            }

            await _reader.DisposeAsync();
            await _command!.DisposeAsync();
            (_reader, _command) = (null, null);
        }

        return false;
    }
}
