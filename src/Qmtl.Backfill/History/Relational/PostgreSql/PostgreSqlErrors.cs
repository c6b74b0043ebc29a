using System.Net.Sockets;
using System.Security.Authentication;
using Npgsql;

namespace Qmtl.History.Relational.PostgreSql;

/// <summary>What PostgreSQL's errors mean to an operator, and what to do about them. The password never gets into a message.</summary>
internal sealed class PostgreSqlErrors(string displayName, string? password)
{
    public StoreException? Translate(Exception exception) => exception switch
    {
        PostgresException error => Translate(error),
        NpgsqlException { InnerException: PostgresException inner } => Translate(inner),
        NpgsqlException or SocketException or IOException or TimeoutException or AuthenticationException => TranslateConnection(exception),

        // The driver reports some states of a connection that broke under it as a misuse of it.
        InvalidOperationException { Source: "Npgsql" } => Error(exception, "lost its connection in the middle of a request", "Try again", isTransient: true),
        _ => null,
    };

    private StoreException Translate(PostgresException error) => error.SqlState switch
    {
        PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification =>
            Error(error, "refused the user or the password", "Correct them in the connection string or the credential"),
        PostgresErrorCodes.InvalidCatalogName => Error(error, "does not exist on the server", "Create the database, or correct its name"),
        PostgresErrorCodes.InvalidSchemaName => Error(error, "has no schema to make tables in", "Set the user's search_path to a schema that exists"),
        PostgresErrorCodes.InsufficientPrivilege => Error(error, "does not allow this user to do that", "Grant the rights to make, read and write tables in the schema"),
        PostgresErrorCodes.DiskFull => Error(error, "has no room left: the server's disk is full", "Free some space; nothing of this write was kept"),
        PostgresErrorCodes.TooManyConnections => Error(error, "has no connection left for this user", "Try again, or raise the server's max_connections", isTransient: true),
        PostgresErrorCodes.ReadOnlySqlTransaction => Error(error, "is read-only", "Connect to the primary server"),
        PostgresErrorCodes.UniqueViolation or PostgresErrorCodes.NotNullViolation or PostgresErrorCodes.CheckViolation or PostgresErrorCodes.ForeignKeyViolation =>
            Error(error, "refused a bar because of a rule of its table that is not the library's", "Remove the rule, or use another table"),
        PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.UndefinedColumn or PostgresErrorCodes.DatatypeMismatch =>
            Error(error, "had a table dropped or altered during the request", "Try again", isTransient: true),
        PostgresErrorCodes.QueryCanceled => Error(error, "cancelled the request (statement_timeout, or an administrator)", "Try again, or allow more time", isTransient: true),
        _ => Error(error, "refused a request", error.IsTransient ? "Try again" : "See the server's log", error.IsTransient),
    };

    private StoreException TranslateConnection(Exception exception)
    {
        for (Exception? cause = exception; cause is not null; cause = cause.InnerException)
        {
            switch (cause)
            {
                case AuthenticationException:
                    return Error(exception, "could not be reached over TLS", "Check the server's certificate and the SSL mode", detail: cause.Message);
                case SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.NoData } unknown:
                    return Error(exception, "cannot be reached: its host is unknown", "Correct the host", detail: unknown.Message);
                case SocketException socket:
                    return Error(exception, "cannot be reached", "Check that the server runs, and the host and port", isTransient: true, socket.Message);
                case TimeoutException:
                    return Error(exception, "did not answer in time", "Try again", isTransient: true, cause.Message);
                case IOException or EndOfStreamException:
                    return Error(exception, "broke the connection", "Try again", isTransient: true, cause.Message);
            }
        }

        bool isTransient = exception is NpgsqlException { IsTransient: true };
        return Error(exception, "refused a request", isTransient ? "Try again" : "Check the connection string", isTransient);
    }

    private StoreException Error(PostgresException error, string what, string wayOut, bool isTransient = false) =>
        Error(error, what, wayOut, isTransient || error.IsTransient, $"{error.SqlState}: {error.MessageText}");

    private StoreException Error(Exception exception, string what, string wayOut, bool isTransient = false, string? detail = null)
    {
        // Our own words hold no secret; to look for it in them would only tear apart words that hold a short one by chance.
        string message = $"{displayName} {what} ({Scrub((detail ?? exception.Message).TrimEnd('.'))}). {wayOut}.";

        // The cause is kept for whoever debugs, unless it holds the secret.
        bool isClean = !Holds(exception.ToString());
        return new StoreException(message, isClean ? exception : null) { IsTransient = isTransient };
    }

    private bool Holds(string text) => !string.IsNullOrEmpty(password) && text.Contains(password, StringComparison.Ordinal);

    private string Scrub(string text) => Holds(text) ? text.Replace(password!, "***", StringComparison.Ordinal) : text;
}
