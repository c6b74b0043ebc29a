using System.Data;
using Npgsql;
using NpgsqlTypes;
using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.History.Relational.PostgreSql;

/// <content>Many streams in a few round trips.</content>
internal sealed partial class PostgreSqlSession
{
    // Nobody waits: those who lock many one after the other, each in an order of its own, would wait for one another for ever.
    private const string TryLocksSql =
        "SELECT place::int FROM unnest($1) WITH ORDINALITY AS wanted(number, place) WHERE NOT pg_try_advisory_xact_lock(number)";

    /// <inheritdoc/>
    public override async Task<(IReadOnlyList<FoundTable> Found, IReadOnlySet<StreamKey> Busy)> BeginManyAsync(
        IReadOnlyList<StreamKey> streams, IReadOnlyList<string> tables, CancellationToken cancellationToken)
    {
        _watch ??= locks.Start(connection.ProcessID);
        _transaction = await connection.BeginTransactionAsync(cancellationToken);
        var busy = new HashSet<StreamKey>();
        var lockAll = new NpgsqlBatchCommand(TryLocksSql)
        {
            Parameters = { Array(streams, LockNumber, NpgsqlDbType.Bigint) },
        };
        IReadOnlyList<FoundTable> found = await FindTablesAsync(
            lockAll,
            async reader =>
            {
                while (await reader.ReadAsync(cancellationToken))
                {
                    busy.Add(streams[reader.GetInt32(0) - 1]);
                }
            },
            tables,
            cancellationToken);
        return (found, busy);
    }

    /// <inheritdoc/>
    public override async Task<IReadOnlyList<FoundTable>> RecallTablesAsync(
        IReadOnlyList<string> tables, CancellationToken cancellationToken)
    {
        // One is always asked for, as that tells the schema.
        string[] asked = [.. tables.Where(table => !seen.IsKnown(table)).DefaultIfEmpty(tables[0])];
        IReadOnlyList<FoundTable> found = await FindTablesAsync(asked, cancellationToken);
        string[] others = [.. tables.Except(asked)];
        IReadOnlyList<FoundTable> known = seen.Recall(_schema, others);
        return known.Count == others.Length ? [.. found, .. known] : await FindTablesAsync(tables, cancellationToken);
    }

    /// <inheritdoc/>
    /// <remarks>Where the connection is gone, nothing can be asked any more, and that is what is to be told.</remarks>
    public override bool ForgetTables(IReadOnlyList<string> tables) => connection.State == ConnectionState.Open && seen.Forget(tables);

    /// <inheritdoc/>
    public override bool CanAdd(TableSchema table, IReadOnlyList<PlannedFrame> frames) =>
        frames.All(frame => PostgreSqlBarWriter.CanAdd(table, frame));

    /// <inheritdoc/>
    protected override Task<bool> TryAddBarsAsync(
        TableSchema table, StreamKey stream, IReadOnlyList<PlannedFrame> run, CancellationToken cancellationToken) =>
        WriterOf(table, stream).TryAddAsync(run, cancellationToken);

    /// <inheritdoc/>
    /// <remarks>
    /// A statement a stream, and all of them in one round trip: a COPY for each would take several. What such a statement cannot write, or
    /// not well, is written as it is by itself, in the same transaction.
    /// </remarks>
    public override async Task WriteManyAsync(
        IReadOnlyList<WrittenStream> streams, Action<int?> atFault, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(connection, _transaction);
        var others = new List<WrittenStream>();
        var written = new List<(WrittenStream Stream, int Bars)>();
        foreach (WrittenStream stream in streams)
        {
            if (PostgreSqlInsert.CanWrite(stream))
            {
                foreach (PlannedFrame frame in stream.Frames)
                {
                    batch.BatchCommands.Add(PostgreSqlInsert.Create(TableSql(stream.Table!.Table), stream, frame));
                    written.Add((stream, frame.Timestamps.Length));
                }
            }
            else
            {
                others.Add(stream);
            }
        }

        await base.WriteManyAsync(others, atFault, cancellationToken);
        if (written.Count == 0)
        {
            return;
        }

        try
        {
            await batch.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (PostgresException error) when (error.BatchCommand is { } failed)
        {
            atFault(written[batch.BatchCommands.IndexOf(failed)].Stream.Place);
            throw;
        }

        for (int i = 0; i < written.Count; i++)
        {
            (WrittenStream stream, int bars) = written[i];
            stream.IsOvertaken |= stream.OnlyAdds && batch.BatchCommands[i].RecordsAffected < bars;
        }
    }

    /// <inheritdoc/>
    public override async Task<IReadOnlyList<IReadOnlyList<BarFrame>>> ReadManyAsync(
        IReadOnlyList<(TableSchema Table, StreamKey Stream, TimeRange Range)> ranges, CancellationToken cancellationToken)
    {
        var all = new List<IReadOnlyList<BarFrame>>(ranges.Count);
        foreach ((TableSchema Table, StreamKey Stream, TimeRange Range)[] some in ranges.Chunk(StatementsInBatch))
        {
            if (some.Any(static range => range.Range.CountBars(range.Stream.Interval) > BarReader.BarsInFrame))
            {
                all.AddRange(await base.ReadManyAsync(some, cancellationToken));
                continue;
            }

            PostgreSqlBarReader[] readers = System.Array.ConvertAll(some, range => new PostgreSqlBarReader(
                connection, TableSql(range.Table.Table), range.Table, range.Stream, range.Range));
            await using var batch = new NpgsqlBatch(connection);
            foreach (PostgreSqlBarReader reader in readers)
            {
                batch.BatchCommands.Add(reader.ToBatchCommand());
            }

            await using NpgsqlDataReader rows = await batch.ExecuteReaderAsync(cancellationToken);
            foreach (PostgreSqlBarReader reader in readers)
            {
                all.Add(await reader.ReadAllAsync(rows, cancellationToken));
                await rows.NextResultAsync(cancellationToken);
            }
        }

        return all;
    }

    /// <inheritdoc/>
    public override async Task<IReadOnlyList<IReadOnlyList<EmptyRange>>> ReadEmptyRangesAsync(
        IReadOnlyList<(StreamKey Stream, TimeRange Within)> streams, CancellationToken cancellationToken)
    {
        var found = new List<EmptyRange>[streams.Count];
        string ofOne = EmptyRangesSql("wanted.node", "wanted.step", "s IS NOT NULL", "wanted.first", "wanted.last");
        await using var command = new NpgsqlCommand(
            "SELECT wanted.place::int, e.source, e.start_ts, e.end_ts, e.learnt_at FROM unnest($1, $2, $3, $4) WITH ORDINALITY "
                + $"AS wanted(node, step, first, last, place) CROSS JOIN LATERAL ({ofOne}) AS e ORDER BY 1, 2, 3",
            connection)
        {
            Parameters =
            {
                Array(streams, static stream => stream.Stream.NodeId, NpgsqlDbType.Text),
                Array(streams, static stream => stream.Stream.Interval.Number, NpgsqlDbType.Integer),
                Array(streams, static stream => stream.Within.Start, NpgsqlDbType.Bigint),
                Array(streams, static stream => stream.Within.End, NpgsqlDbType.Bigint),
            },
        };
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            (found[reader.GetInt32(0) - 1] ??= []).Add(
                new EmptyRange(reader.GetString(1), reader.GetInt64(2), reader.GetInt64(3), reader.GetInt64(4)));
        }

        return System.Array.ConvertAll(found, static IReadOnlyList<EmptyRange> (ranges) => ranges ?? []);
    }
}
