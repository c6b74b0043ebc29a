using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using Npgsql;

namespace Qmtl.History.Relational.PostgreSql;

/// <summary>What PostgreSQL's errors mean to an operator, and what to do about them. The password never gets into a message.</summary>
internal sealed class PostgreSqlErrors(string displayName, string? password, ServerOutage outage)
{
    private const string IdleInTransactionTimeout = "25P03";

    // What the driver itself refuses has no code; its words are all there is to go by. None of these depends on a statement.
    private static readonly (string[] Words, string What, string WayOut)[] Refusals =
    [
        (["No SSL enabled connection"],
            "offers no TLS, which the SSL mode of the connection string demands",
            "Turn TLS on at the server, or, where the network may be trusted, set SSL Mode=Prefer or Disable "
            + "(a QuestDB offers TLS in its enterprise edition only)"),
        (["GSS encryption"],
            "offers no GSS encryption, which the connection string demands",
            "Turn it on at the server, or set GSS Encryption Mode=Prefer or Disable"),
        (["No password has been provided"],
            "asks for a password, and none was given",
            "Check the connection string, or give a credential"),
        ([
            "authentication method is not allowed",
            "No authentication method is allowed",
            "Authentication method not supported",
            "ChannelBinding",
        ],
            "and the connection string agree on no way to authenticate",
            "Change Require Auth or Channel Binding in the connection string, or the server's pg_hba.conf"),
        (["suitable host"],
            "has no host of the kind that the connection string demands",
            "Change Target Session Attributes in the connection string, or the hosts"),
    ];

    private readonly ConnectionSecret _secret = new(password);

    public StoreException? Translate(Exception exception) => exception switch
    {
        PostgresException error => Translate(error),
        NpgsqlException { InnerException: PostgresException inner } => Translate(inner),
        NpgsqlException
            or SocketException
            or IOException
            or TimeoutException
            or AuthenticationException
            or CryptographicException
            or UnauthorizedAccessException =>
            TranslateConnection(exception),

        // The driver reports some states of a connection that broke under it as a misuse of it.
        InvalidOperationException { Source: "Npgsql" } => Outage(exception, "lost its connection in the middle of a request", "Try again"),

        // It found no types that it knows, so this is no PostgreSQL, or one made by somebody else.
        NotSupportedException { Source: "Npgsql" } =>
            Error(
                exception,
                "does not answer as a PostgreSQL does",
                "Check the kind of the store and the server's version",
                concernsWholeStore: true),
        _ => null,
    };

    private StoreException Translate(PostgresException error) => error.SqlState switch
    {
        PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification =>
            Error(
                error,
                "refused the user or the password",
                "Correct them in the connection string or the credential",
                concernsWholeStore: true),
        PostgresErrorCodes.InvalidCatalogName =>
            Error(error, "does not exist on the server", "Create the database, or correct its name", concernsWholeStore: true),
        PostgresErrorCodes.InvalidSchemaName =>
            Error(error, "has no schema to make tables in", "Set the user's search_path to a schema that exists", concernsWholeStore: true),
        PostgresErrorCodes.InsufficientPrivilege =>
            Error(error, "does not allow this user to do that", "Grant the rights to make, read and write tables in the schema"),
        PostgresErrorCodes.DiskFull =>
            Error(
                error,
                "has no room left: the server's disk is full",
                "Free some space and run again; nothing of this write was kept",
                concernsWholeStore: true),
        PostgresErrorCodes.TooManyConnections =>
            Error(error, "has no connection left for this user", "Try again, or raise the server's max_connections", isTransient: true),
        PostgresErrorCodes.ReadOnlySqlTransaction =>
            Error(error, "is read-only", "Connect to the primary server", concernsWholeStore: true),
        PostgresErrorCodes.UniqueViolation
            or PostgresErrorCodes.NotNullViolation
            or PostgresErrorCodes.CheckViolation
            or PostgresErrorCodes.ForeignKeyViolation =>
            Error(error, "refused a bar because of a rule of its table that is not the library's", "Remove the rule, or use another table"),
        PostgresErrorCodes.UndefinedTable
            or PostgresErrorCodes.UndefinedColumn
            or PostgresErrorCodes.DatatypeMismatch
            or PostgresErrorCodes.InvalidColumnReference =>
            Error(error, "had a table dropped or altered during the request", "Try again", isTransient: true),
        PostgresErrorCodes.LockNotAvailable => Error(
            error,
            "kept a request waiting for a lock that another session did not let go of in time",
            "Try again, or end that session",
            isTransient: true),
        IdleInTransactionTimeout => Error(
            error,
            "ended this session, because it held its locks and did nothing: this process was probably paused",
            "Try again",
            isTransient: true),
        PostgresErrorCodes.QueryCanceled =>
            Error(
                error,
                "cancelled the request (statement_timeout, or an administrator)",
                "Try again, or allow more time",
                isTransient: true),
        PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or PostgresErrorCodes.CannotConnectNow =>
            Outage(error, "is shutting down or starting up", "Try again", Detail(error)),
        _ => Error(error, "refused a request", error.IsTransient ? "Try again" : "See the server's log", error.IsTransient),
    };

    private StoreException TranslateConnection(Exception exception)
    {
        for (Exception? cause = exception; cause is not null; cause = cause.InnerException)
        {
            switch (cause)
            {
                case AuthenticationException refused:
                    return Error(
                        exception,
                        "could not be reached over TLS",
                        "Check the server's certificate and the SSL mode",
                        detail: Explain(refused),
                        concernsWholeStore: true);
                case CryptographicException or FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException:
                    return Error(
                        exception,
                        "cannot be reached: a file that its connection string names cannot be used",
                        "Correct the path, or the file",
                        detail: cause.Message,
                        concernsWholeStore: true);
                case SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.NoData } unknown:
                    return Error(
                        exception,
                        "cannot be reached: its host is unknown",
                        "Correct the host",
                        detail: unknown.Message,
                        concernsWholeStore: true);
                case SocketException socket:
                    return Outage(exception, "cannot be reached", "Check that the server runs, and the host and port", socket.Message);
                case TimeoutException when Says(exception, "pool has been exhausted"):
                    return Error(
                        exception,
                        "has no connection free in this process's pool",
                        "Try again, or raise Max Pool Size in the connection string",
                        isTransient: true);
                case TimeoutException:
                    return Error(exception, "did not answer in time", "Try again", isTransient: true, cause.Message);
                case IOException:
                    return Outage(exception, "broke the connection", "Try again", cause.Message);
            }
        }

        bool isTransient = exception is NpgsqlException { IsTransient: true };
        return Array.Find(Refusals, refusal => refusal.Words.Any(words => Says(exception, words))) is { Words: not null } found
            ? Error(exception, found.What, found.WayOut, concernsWholeStore: true)
            : Error(exception, "refused a request", isTransient ? "Try again" : "Check the connection string", isTransient);
    }

    private static bool Says(Exception exception, string words) => exception.Message.Contains(words, StringComparison.OrdinalIgnoreCase);

    // Npgsql checks certificates in a callback of its own, of which .NET then tells; an operator has given none.
    private static string Explain(AuthenticationException refused) =>
        refused.Message.Contains("RemoteCertificateValidationCallback", StringComparison.Ordinal)
            ? "its certificate was not accepted"
            : refused.Message;

    private static string Detail(PostgresException error) => $"{error.SqlState}: {error.MessageText}";

    private StoreException Outage(Exception exception, string what, string wayOut, string? detail = null) =>
        Error(exception, what, wayOut, isTransient: true, detail, outage.Note());

    private StoreException Error(
        PostgresException error, string what, string wayOut, bool isTransient = false, bool concernsWholeStore = false) =>
        Error(error, what, wayOut, isTransient, Detail(error), concernsWholeStore: concernsWholeStore);

    private StoreException Error(
        Exception exception,
        string what,
        string wayOut,
        bool isTransient = false,
        string? detail = null,
        TimeSpan? retryAfter = null,
        bool concernsWholeStore = false)
    {
        // The cause is kept for whoever debugs.
        bool isClean = !_secret.IsIn(exception);
        string said = isClean ? $" ({(detail ?? exception.Message).TrimEnd('.')})" : string.Empty;
        return new StoreException($"{displayName} {what}{said}. {wayOut}.", isClean ? exception : null)
        {
            IsTransient = isTransient,
            RetryAfter = retryAfter,
            ConcernsWholeStore = concernsWholeStore,
        };
    }
}
