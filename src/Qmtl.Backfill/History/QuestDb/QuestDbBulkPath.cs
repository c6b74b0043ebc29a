using System.Globalization;
using Npgsql;
using Qmtl.History.Relational;

namespace Qmtl.History.QuestDb;

/// <summary>Decides at the first write whether bars go over HTTP, and says which way they go.</summary>
internal sealed class QuestDbBulkPath(QuestDbHttp http, string displayName, TimeProvider timeProvider) : IDisposable
{
    // A server that restarts may open its ports one after the other; what runs for hours must not stay on the slow path for that.
    private static readonly TimeSpan SlowPathLasts = TimeSpan.FromMinutes(1);

    private readonly SemaphoreSlim _deciding = new(1, 1);
    private volatile Decision _decision = new(QuestDbWritePath.Undecided, null, 0);
    private volatile Decision? _forTable;

    /// <summary>The way that the last write took, or that was decided on since.</summary>
    public QuestDbWritePath Path => (_forTable ?? _decision).Path;

    /// <summary>Why it is not HTTP; null where it is, or is not decided yet.</summary>
    public string? Reason => (_forTable ?? _decision).Reason;

    /// <summary>The HTTP server where bars go that way; null for the PostgreSQL wire.</summary>
    /// <param name="connection">An open connection to the same server.</param>
    /// <param name="table">The table that is about to be written; it exists.</param>
    /// <param name="cancellationToken">Ends the questions.</param>
    /// <exception cref="StoreException">The table is not there any more, so nothing could be decided.</exception>
    public async Task<QuestDbHttp?> FindAsync(NpgsqlConnection connection, QuestDbTable table, CancellationToken cancellationToken)
    {
        // What one table rules out says nothing of the others.
        _forTable = table.IlpProblem is { } problem ? new Decision(QuestDbWritePath.PostgreSqlWire, problem, 0) : null;
        if (_forTable is not null)
        {
            return null;
        }

        if (!Stands(_decision))
        {
            await _deciding.WaitAsync(cancellationToken);
            try
            {
                if (!Stands(_decision))
                {
                    _decision = await DecideAsync(connection, table, cancellationToken);
                }
            }
            finally
            {
                _deciding.Release();
            }
        }

        return _decision.Path == QuestDbWritePath.IlpOverHttp ? http : null;
    }

    /// <summary>Asks again at the next write, because HTTP failed.</summary>
    public void Reconsider() => _decision = new(QuestDbWritePath.Undecided, null, 0);

    public void Dispose()
    {
        http.Dispose();
        _deciding.Dispose();
    }

    private bool Stands(Decision decision) => decision.Path switch
    {
        QuestDbWritePath.Undecided => false,
        QuestDbWritePath.PostgreSqlWire => timeProvider.GetElapsedTime(decision.MadeAt) < SlowPathLasts,
        _ => true,
    };

    private async Task<Decision> DecideAsync(NpgsqlConnection connection, QuestDbTable table, CancellationToken cancellationToken)
    {
        string? problem = await http.FindProblemAsync(cancellationToken)
            ?? (await IsSameServerAsync(connection, table, cancellationToken)
                    ? null
                    : "it does not show the same tables, or refuses the user or the password");
        return problem is null
            ? new Decision(QuestDbWritePath.IlpOverHttp, null, 0)
            : new Decision(
                QuestDbWritePath.PostgreSqlWire, $"{http.Address} cannot be used: {problem.TrimEnd('.')}", timeProvider.GetTimestamp());
    }

    // Two ports of one host need not be one server. ILP makes the tables it does not find, so bars sent to another server would be
    // stored there, and be missing here without a word. The table's number and its first commit, to the microsecond, tell the servers
    // apart.
    private async Task<bool> IsSameServerAsync(NpgsqlConnection connection, QuestDbTable table, CancellationToken cancellationToken)
    {
        string name = SqlText.Literal(table.Name);
        string numberQuestion = $"SELECT id FROM tables() WHERE table_name = {name}";
        string number = await AskAsync(numberQuestion);

        // The condition is always true. It makes a new table's question a new one: for one that it knows, the server would look at the
        // table as it was.
        if (number.Length > 0
            && await http.QueryAsync(numberQuestion, cancellationToken) == number
            && await HasSameAnswerAsync($"SELECT min(timestamp)::long FROM wal_transactions({name}) WHERE \"sequencerTxn\" <> -{number}"))
        {
            return true;
        }

        // A table that went between two of the questions proves nothing about the servers.
        return number.Length > 0 && await AskAsync(numberQuestion) == number
            ? false
            : throw new StoreException($"{displayName} had the table '{table.Name}' dropped or made again just before a write. Try again.")
            {
                IsTransient = true,
            };

        async Task<bool> HasSameAnswerAsync(string question) =>
            await http.QueryAsync(question, cancellationToken) == await AskAsync(question);

        async Task<string> AskAsync(string question)
        {
            await using var command = new NpgsqlCommand(question, connection);
            object? answer = await command.ExecuteScalarAsync(cancellationToken);
            return answer is null or DBNull ? string.Empty : Convert.ToString(answer, CultureInfo.InvariantCulture)!;
        }
    }

    private sealed record Decision(QuestDbWritePath Path, string? Reason, long MadeAt);
}
