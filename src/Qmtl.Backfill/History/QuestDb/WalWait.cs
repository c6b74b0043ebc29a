using Npgsql;
using Qmtl.History.Relational;

namespace Qmtl.History.QuestDb;

/// <summary>Waits until what was committed to a table can be read: QuestDB acknowledges a write before it applies it.</summary>
internal static class WalWait
{
    private static readonly string[] ReasonColumns = ["errorTag", "errorMessage"];

    // The wait goes on for at most an eighth longer than it has to, and questions stay a small part of what the server does.
    private const int PartOfWait = 8;

    private static readonly TimeSpan ShortestDelay = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromMilliseconds(50);

    // Applying may take long, but while the server works on it, it gets on.
    private static readonly TimeSpan LongestStandstill = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Waits until all that is committed to the table by now can be read. A table without a write-ahead log is never waited for.
    /// </summary>
    /// <exception cref="StoreException">The table is suspended, or the server does not get on.</exception>
    public static Task UntilReadableAsync(
        NpgsqlConnection connection, string table, string displayName, TimeProvider timeProvider, CancellationToken cancellationToken) =>
        UntilReadableAsync(token => ReadAsync(connection, table, token), table, displayName, timeProvider, cancellationToken);

    /// <summary>The wait itself, over any way to learn the state; null is a table without a write-ahead log.</summary>
    public static async Task UntilReadableAsync(
        Func<CancellationToken, Task<WalState?>> read,
        string table,
        string displayName,
        TimeProvider timeProvider,
        CancellationToken cancellationToken)
    {
        if (await read(cancellationToken) is not { } state)
        {
            return;
        }

        // Later commits, of others, are not waited for.
        long goal = state.Committed;
        long reached = state.Applied;
        long started = timeProvider.GetTimestamp();
        long movedAt = started;
        while (state.Applied < goal)
        {
            if (state.IsSuspended)
            {
                throw new StoreException(
                    $"The table '{table}' in {displayName} is suspended, so what is written to it cannot be "
                        + $"read{(state.Reason.Length > 0 ? $" ({state.Reason.TrimEnd('.')})" : string.Empty)}. "
                    + $"Remove the cause, then run ALTER TABLE {SqlText.Quote(table)} RESUME WAL; bars written meanwhile are kept and "
                    + $"appear then.");
            }

            if (state.Applied != reached)
            {
                (reached, movedAt) = (state.Applied, timeProvider.GetTimestamp());
            }
            else if (timeProvider.GetElapsedTime(movedAt) > LongestStandstill)
            {
                throw new StoreException(
                    $"The table '{table}' in {displayName} has not applied what was written to it for {LongestStandstill.TotalMinutes:0} "
                        + $"minutes. See the server's log, then try again.")
                { IsTransient = true };
            }

            await Task.Delay(DelayAfter(timeProvider.GetElapsedTime(started)), timeProvider, cancellationToken);
            if (await read(cancellationToken) is not { } next)
            {
                return;
            }

            state = next;
        }
    }

    private static TimeSpan DelayAfter(TimeSpan waited)
    {
        TimeSpan part = waited / PartOfWait;
        return part < ShortestDelay ? ShortestDelay : part > LongestDelay ? LongestDelay : part;
    }

    private static async Task<WalState?> ReadAsync(NpgsqlConnection connection, string table, CancellationToken cancellationToken)
    {
        // All columns, because older servers lack those of the error.
        await using var command = new NpgsqlCommand("SELECT * FROM wal_tables() WHERE lower(name) = lower($1)", connection)
        {
            Parameters = { new NpgsqlParameter<string> { TypedValue = table } },
        };
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
        {
            return null;
        }

        IEnumerable<string> reason = ReasonColumns.Select(name => Text(reader, name)).Where(text => text.Length > 0);
        return new WalState(
            reader.GetInt64(reader.GetOrdinal("writerTxn")),
            reader.GetInt64(reader.GetOrdinal("sequencerTxn")),
            reader.GetBoolean(reader.GetOrdinal("suspended")),
            string.Join(": ", reason));
    }

    private static string Text(NpgsqlDataReader reader, string column)
    {
        for (int i = 0; i < reader.FieldCount; i++)
        {
            if (string.Equals(reader.GetName(i), column, StringComparison.OrdinalIgnoreCase))
            {
                return reader.IsDBNull(i) ? string.Empty : reader.GetString(i);
            }
        }

        return string.Empty;
    }
}

/// <summary>How far a table has come with what is in its write-ahead log, as <c>wal_tables()</c> says it.</summary>
/// <param name="Applied">The last transaction that can be read.</param>
/// <param name="Committed">The last transaction that was acknowledged.</param>
/// <param name="IsSuspended">Whether the server has stopped applying transactions, after an error or on demand.</param>
/// <param name="Reason">The error's tag and message; empty where the server gives none.</param>
internal readonly record struct WalState(long Applied, long Committed, bool IsSuspended, string Reason);
