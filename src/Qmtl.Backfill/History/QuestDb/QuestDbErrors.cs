using Npgsql;
using Qmtl.History.Relational.PostgreSql;

namespace Qmtl.History.QuestDb;

/// <summary>What QuestDB's errors mean to an operator, and what to do about them. The password never gets into a message.</summary>
/// <remarks>
/// QuestDB gives every error the SQLSTATE 00000, so what it means is in its words only. Connections fail as PostgreSQL's do.
/// </remarks>
internal sealed class QuestDbErrors(string displayName, string? password, ServerOutage outage)
{
    private const string NoState = "00000";

    // The first one whose words are in the error counts.
    private static readonly (string[] Words, string What, string WayOut, bool IsTransient, bool ConcernsWholeStore)[] Meanings =
    [
        (["invalid username/password"],
            "refused the user or the password", "Correct them in the connection string or the credential", false, true),
        (["Access denied", "permission", "read only", "readonly"],
            "does not allow this user to do that", "Use a user who may make, read and write tables", false, false),
        (["No space left", "errno=28", "disk full"], "has no room left: the server's disk is full", "Free some space", true, false),
        (["table does not exist", "Invalid column", "table is dropped", "cached query plan cannot be used", "table schema", "metadata"],
            "had a table dropped or altered during the request", "Try again", true, false),
        (["busy", "could not lock", "timeout", "cancelled", "out of memory", "memory limit", "too many"],
            "could not do it just now", "Try again", true, false),
    ];

    private readonly PostgreSqlErrors _connection = new(displayName, password, outage);
    private readonly ConnectionSecret _secret = new(password);

    public StoreException? Translate(Exception exception) => exception switch
    {
        PostgresException { SqlState: NoState } error => Translate(error),
        NpgsqlException { InnerException: PostgresException { SqlState: NoState } inner } => Translate(inner),

        // A server that is asked what it is may be a PostgreSQL, whose errors have their state; QuestDB sends a few of these, too.
        _ => _connection.Translate(exception),
    };

    private StoreException Translate(PostgresException error)
    {
        foreach ((string[] words, string what, string wayOut, bool isTransient, bool concernsWholeStore) in Meanings)
        {
            if (words.Any(word => error.MessageText.Contains(word, StringComparison.OrdinalIgnoreCase)))
            {
                return Error(error, what, wayOut, isTransient, concernsWholeStore);
            }
        }

        return Error(error, "refused a request", "See the server's log");
    }

    private StoreException Error(
        PostgresException error, string what, string wayOut, bool isTransient = false, bool concernsWholeStore = false)
    {
        bool isClean = !_secret.IsIn(error);
        string said = isClean ? $" ({error.MessageText.TrimEnd('.')})" : string.Empty;
        return new StoreException($"{displayName} {what}{said}. {wayOut}.", isClean ? error : null)
        {
            IsTransient = isTransient,
            ConcernsWholeStore = concernsWholeStore,
        };
    }
}
