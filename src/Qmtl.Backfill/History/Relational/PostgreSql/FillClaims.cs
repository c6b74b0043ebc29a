using System.Collections.Concurrent;
using Npgsql;

namespace Qmtl.History.Relational.PostgreSql;

/// <summary>
/// The streams that this store is filling, each as an advisory lock of a transaction: a session's own lock would stay behind in a pool of
/// connections that stands before the server.
/// </summary>
/// <param name="connection">How the server is reached.</param>
internal sealed class FillClaims(NpgsqlConnectionStringBuilder connection) : IAsyncDisposable
{
    // Each takes a connection, of which a server has a hundred.
    private const int Most = 8;
    private const int TimeoutSeconds = 5;

    private const string Sql =
        "SELECT place::int FROM unnest($1) WITH ORDINALITY AS wanted(key, place) WHERE NOT pg_try_advisory_xact_lock(key)";

    private readonly SemaphoreSlim _free = new(Most);
    private readonly ConcurrentBag<NpgsqlConnection> _idle = [];

    // None of the pool, which an operator may have made so small that writes would wait for it.
    private readonly string _connectionString = new NpgsqlConnectionStringBuilder(connection.ConnectionString)
    {
        Pooling = false,
        Timeout = TimeoutSeconds,
        CommandTimeout = TimeoutSeconds,
    }.ConnectionString;

    /// <summary>Tries to take locks.</summary>
    /// <returns>The places of those that somebody else has, and what gives the others back.</returns>
    public async Task<(IReadOnlyList<int> Refused, StreamClaim Claim)> TryAsync(long[] keys, CancellationToken cancellationToken)
    {
        if (!await _free.WaitAsync(0, cancellationToken))
        {
            return ([], StreamClaim.None);
        }

        NpgsqlConnection session = _idle.TryTake(out NpgsqlConnection? idle) ? idle : new NpgsqlConnection(_connectionString);
        try
        {
            if (session.State != System.Data.ConnectionState.Open)
            {
                await session.OpenAsync(cancellationToken);
            }

            NpgsqlTransaction transaction = await session.BeginTransactionAsync(cancellationToken);
            await using var command = new NpgsqlCommand(Sql, session, transaction)
            {
                Parameters = { new NpgsqlParameter<long[]> { TypedValue = keys } },
            };
            List<int> refused = await command.ListAsync(static row => row.GetInt32(0) - 1, cancellationToken);
            if (refused.Count < keys.Length)
            {
                return (refused, new StreamClaim(() => ReleaseAsync(session, transaction)));
            }

            await ReleaseAsync(session, transaction);
            return (refused, StreamClaim.None);
        }
        catch (Exception error)
        {
            await session.DisposeAsync();
            _free.Release();
            cancellationToken.ThrowIfCancellationRequested();
            if (error is not (NpgsqlException or InvalidOperationException or TimeoutException or IOException or InvalidCastException))
            {
                throw;
            }

            // Whatever is the matter, be it a server that is no PostgreSQL, the fill meets it, too, and tells of it.
            return ([], StreamClaim.None);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        while (_idle.TryTake(out NpgsqlConnection? session))
        {
            await session.DisposeAsync();
        }
    }

    private async ValueTask ReleaseAsync(NpgsqlConnection session, NpgsqlTransaction transaction)
    {
        try
        {
            await transaction.DisposeAsync();
            _idle.Add(session);
        }
        catch (Exception error) when (error is NpgsqlException or InvalidOperationException or TimeoutException or IOException)
        {
            await session.DisposeAsync();
        }
        finally
        {
            _free.Release();
        }
    }
}
