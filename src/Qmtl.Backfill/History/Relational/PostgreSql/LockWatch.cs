using System.Collections.Concurrent;
using System.Globalization;
using Npgsql;

namespace Qmtl.History.Relational.PostgreSql;

/// <summary>
/// Looks, beside a write that takes long, which session holds the lock that it waits for. A session of this library whose COPY has
/// stood still for half a minute is ended: its client is paused or out of reach, and the server's own limit for a transaction that
/// does nothing does not see it, because a COPY counts as something.
/// </summary>
/// <param name="dataSource">Connections to look from.</param>
/// <param name="applicationName">The name that sessions of this library give themselves.</param>
/// <param name="timeProvider">The clock.</param>
internal sealed class LockWatch(NpgsqlDataSource dataSource, string applicationName, TimeProvider timeProvider)
{
    private const int LookTimeoutSeconds = 5;
    private const int FirstVersionWithProgress = 14;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan LongestStandstill = TimeSpan.FromSeconds(30);

    private TimeProvider Clock => timeProvider;

    // What stood still for so long was told of long ago, or its session is gone.
    private static readonly TimeSpan Forgotten = TimeSpan.FromHours(1);

    // By session and the beginning of its transaction; how far its COPY was, and since when.
    private readonly ConcurrentDictionary<(int ProcessId, DateTime Began), (long Bytes, long Since)> _copies = new();

    /// <summary>Begins to look whom the session of that process id waits for; the first look is after some seconds.</summary>
    public Watch Start(int processId) => new(this, processId);

    // Those at the head of the queue: who waits for a lock himself is not to blame.
    private static string HolderSql(string progress) => $"""
        WITH RECURSIVE holders(pid) AS (
            SELECT unnest(pg_blocking_pids($1)) UNION SELECT unnest(pg_blocking_pids(holders.pid)) FROM holders)
        SELECT holders.pid, coalesce(a.application_name, ''), coalesce(a.state, ''), coalesce(a.wait_event, ''),
            coalesce(extract(epoch FROM clock_timestamp() - a.state_change)::int8, 0), {progress}, a.xact_start
        FROM holders LEFT JOIN pg_stat_activity a ON a.pid = holders.pid
        WHERE a.wait_event_type IS DISTINCT FROM 'Lock' ORDER BY a.xact_start LIMIT 1
        """;

    private async Task<string?> LookAsync(int processId, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await dataSource.OpenConnectionAsync(cancellationToken);
        bool hasProgress = connection.PostgreSqlVersion.Major >= FirstVersionWithProgress;
        string progress = hasProgress ? "(SELECT c.bytes_processed FROM pg_stat_progress_copy c WHERE c.pid = holders.pid)" : "NULL::int8";
        int holder;
        string description;
        bool standsStill;
        await using (var command = new NpgsqlCommand(HolderSql(progress), connection) { CommandTimeout = LookTimeoutSeconds })
        {
            command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = processId });
            await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
            if (!await reader.ReadAsync(cancellationToken))
            {
                return null;
            }

            holder = reader.GetInt32(0);
            string application = reader.GetString(1);
            string name = application.Length > 0 ? $"'{application}', " : string.Empty;
            string wait = reader.GetString(3) == "ClientRead" ? ", waiting for its client" : string.Empty;
            description = string.Create(
                CultureInfo.InvariantCulture,
                $"The session with process id {holder} held the lock ({name}{reader.GetString(2)} for {reader.GetInt64(4)} s{wait})");
            standsStill = application == applicationName && wait.Length > 0 && !reader.IsDBNull(5)
                && StandsStill((holder, reader.GetDateTime(6)), reader.GetInt64(5));
        }

        if (!standsStill)
        {
            return $"{description}. If it does not go on by itself, end it: SELECT pg_terminate_backend({holder}).";
        }

        await using var end = new NpgsqlCommand("SELECT pg_terminate_backend($1)", connection) { CommandTimeout = LookTimeoutSeconds };
        end.Parameters.Add(new NpgsqlParameter<int> { TypedValue = holder });
        await end.ExecuteNonQueryAsync(cancellationToken);
        return $"{description}, and was ended, because nothing had come from its process for {LongestStandstill.TotalSeconds} s.";
    }

    private bool StandsStill((int ProcessId, DateTime Began) holder, long bytes)
    {
        long now = timeProvider.GetTimestamp();
        foreach (((int, DateTime) other, (_, long seen)) in _copies)
        {
            if (timeProvider.GetElapsedTime(seen, now) > Forgotten)
            {
                _copies.TryRemove(other, out _);
            }
        }

        (long before, long since) = _copies.GetOrAdd(holder, (bytes, now));
        if (before != bytes)
        {
            _copies[holder] = (bytes, now);
            return false;
        }

        return timeProvider.GetElapsedTime(since, now) >= LongestStandstill;
    }

    /// <summary>The look at one write; ends with its disposal.</summary>
    internal sealed class Watch : IAsyncDisposable
    {
        private readonly CancellationTokenSource _ended = new();
        private readonly Task _looking;
        private string? _holder;

        public Watch(LockWatch locks, int processId) => _looking = LookAsync(locks, processId);

        /// <summary>Who held the lock when last looked, as a sentence; null where the write did not wait then, or never.</summary>
        public string? Holder => Volatile.Read(ref _holder);

        public async ValueTask DisposeAsync()
        {
            await _ended.CancelAsync();
            await _looking.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _ended.Dispose();
        }

        private async Task LookAsync(LockWatch locks, int processId)
        {
            using var timer = new PeriodicTimer(Interval, locks.Clock);
            while (await timer.WaitForNextTickAsync(_ended.Token))
            {
                try
                {
                    if (await locks.LookAsync(processId, _ended.Token) is { } holder)
                    {
                        Volatile.Write(ref _holder, holder);
                    }
                }
                catch (Exception error) when (error is NpgsqlException or TimeoutException or IOException or InvalidOperationException)
                {
                    // Whatever is wrong, the write itself meets it as well.
                }
            }
        }
    }
}
