using Npgsql;
using Qmtl.History.Relational.PostgreSql;

namespace Qmtl.History.QuestDb;

/// <summary>What QuestDB's errors mean to an operator, and what to do about them. The password never gets into a message.</summary>
/// <remarks>QuestDB gives every error the SQLSTATE 00000, so what it means is in its words only. Connections fail as PostgreSQL's do.</remarks>
internal sealed class QuestDbErrors(string displayName, string? password, ServerOutage outage)
{
    private const string NoState = "00000";

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
        string text = error.MessageText;
        return 0 switch
        {
            _ when Says(text, "invalid username/password") =>
                Error(error, "refused the user or the password", "Correct them in the connection string or the credential", concernsWholeStore: true),
            _ when Says(text, "Access denied", "permission", "read only", "readonly") =>
                Error(error, "does not allow this user to do that", "Use a user who may make, read and write tables"),
            _ when Says(text, "No space left", "errno=28", "disk full") =>
                Error(error, "has no room left: the server's disk is full", "Free some space", isTransient: true),
            _ when Says(text, "table does not exist", "Invalid column", "table is dropped", "cached query plan cannot be used", "table schema", "metadata") =>
                Error(error, "had a table dropped or altered during the request", "Try again", isTransient: true),
            _ when Says(text, "busy", "could not lock", "timeout", "cancelled", "out of memory", "memory limit", "too many") =>
                Error(error, "could not do it just now", "Try again", isTransient: true),
            _ => Error(error, "refused a request", "See the server's log"),
        };
    }

    private StoreException Error(PostgresException error, string what, string wayOut, bool isTransient = false, bool concernsWholeStore = false)
    {
        bool isClean = !_secret.IsIn(error);
        string said = isClean ? $" ({error.MessageText.TrimEnd('.')})" : string.Empty;
        return new StoreException($"{displayName} {what}{said}. {wayOut}.", isClean ? error : null) { IsTransient = isTransient, ConcernsWholeStore = concernsWholeStore };
    }

    private static bool Says(string text, params ReadOnlySpan<string> words)
    {
        foreach (string word in words)
        {
            if (text.Contains(word, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }
}
