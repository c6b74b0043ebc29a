using System.Data.Common;
using System.Globalization;
using System.Net;
using Npgsql;

namespace Qmtl.History.Relational.PostgreSql;

/// <summary>
/// Reads the forms in which operators name a PostgreSQL database: the URI and the pairs of libpq
/// (postgresql.org/docs/current/libpq-connect.html) and Npgsql's own <c>Keyword=value;…</c>.
/// </summary>
/// <remarks>
/// No message quotes more of the text than the name of a part: a misplaced character can make a password look like anything.
/// </remarks>
internal static class PostgreSqlConnectionString
{
    /// <summary>What the address of a server begins with, whichever product it is.</summary>
    public const string Scheme = "postgresql";

    private const int DefaultPort = 5432;

    // Coverage of tens of millions of bars may take a while, but a server that went away must not be waited for forever.
    private const int CommandTimeoutSeconds = 300;
    private const int KeepAliveSeconds = 30;

    private static readonly string[] Schemes = ["postgresql://", "postgres://"];

    // libpq's names of parameters that have another name in Npgsql.
    private static readonly Dictionary<string, string> LibpqNames = new(StringComparer.OrdinalIgnoreCase)
    {
        ["dbname"] = "Database",
        ["user"] = "Username",
        ["hostaddr"] = "Host",
        ["connect_timeout"] = "Timeout",
        ["application_name"] = "Application Name",
        ["sslmode"] = "SSL Mode",
        ["sslrootcert"] = "Root Certificate",
        ["sslcert"] = "SSL Certificate",
        ["sslkey"] = "SSL Key",
        ["sslpassword"] = "SSL Password",
        ["target_session_attrs"] = "Target Session Attributes",
        ["passfile"] = "Passfile",
    };

    /// <summary>Whether the text is the URI form.</summary>
    private static bool IsUri(string text) => Schemes.Any(scheme => text.StartsWith(scheme, StringComparison.OrdinalIgnoreCase));

    /// <summary>Whether the text is meant as one of the forms, be it right or not.</summary>
    public static bool IsMeant(string text) => IsUri(text) || LibpqKeywords.TryRead(text, out _) || ConnectionKeywords.NameServer(text);

    /// <summary>Reads either form.</summary>
    /// <exception cref="ArgumentException">A part is wrong; the message names it.</exception>
    public static NpgsqlConnectionStringBuilder Parse(string text, NetworkCredential? credential)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            throw Wrong("is empty");
        }

        NpgsqlConnectionStringBuilder connection = IsUri(text) ? ParseUri(text)
            : LibpqKeywords.TryRead(text, out IReadOnlyList<(string Name, string Value)>? pairs) ? ParseLibpq(pairs)
            : ParseKeywords(text);
        if (credential is not null)
        {
            // A password alone, as from a secret's file, leaves the user that the text names.
            connection.Username = credential.UserName.Length > 0 ? credential.UserName : connection.Username;
            connection.Password = credential.Password;
        }

        if (string.IsNullOrEmpty(connection.Host))
        {
            throw Wrong("names no host");
        }

        if (connection.Host.Split(',').Any(host => host.Trim().Any(character => char.IsWhiteSpace(character) || character == '=')))
        {
            throw Wrong("has a host with a blank or a '=' in it");
        }

        if (connection.Port is < 1 or > 65535)
        {
            throw Wrong("has a port that is not a number from 1 to 65535");
        }

        connection.ApplicationName ??= "qmtl";
        connection.Timezone ??= "UTC";
        if (!connection.ShouldSerialize("Command Timeout"))
        {
            connection.CommandTimeout = CommandTimeoutSeconds;
        }

        if (!connection.ShouldSerialize("Keepalive"))
        {
            connection.KeepAlive = KeepAliveSeconds;
        }

        return connection;
    }

    /// <summary>Where the database is, for people: no user, no password.</summary>
    public static string Display(NpgsqlConnectionStringBuilder connection)
    {
        string host = connection.Host!.Contains(':') && !connection.Host.Contains(',') ? $"[{connection.Host}]" : connection.Host;
        string database = connection.Database ?? connection.Username ?? string.Empty;
        return string.Create(CultureInfo.InvariantCulture, $"postgresql://{host}:{connection.Port}/{database}");
    }

    private static NpgsqlConnectionStringBuilder ParseUri(string text)
    {
        string rest = text[(text.IndexOf("://", StringComparison.Ordinal) + 3)..];

        // A password may hold what should have been escaped; the last @ before the parameters ends it all the same.
        int parameters = rest.IndexOf('?', StringComparison.Ordinal);
        int at = rest.LastIndexOf('@', parameters < 0 ? rest.Length - 1 : parameters);
        at = at < 0 ? rest.LastIndexOf('@') : at;
        string user = at < 0 ? string.Empty : rest[..at];
        rest = rest[(at + 1)..];

        parameters = rest.IndexOf('?', StringComparison.Ordinal);
        string query = parameters < 0 ? string.Empty : rest[(parameters + 1)..];
        rest = parameters < 0 ? rest : rest[..parameters];
        int slash = rest.IndexOf('/', StringComparison.Ordinal);
        string database = slash < 0 ? string.Empty : rest[(slash + 1)..];

        var connection = new NpgsqlConnectionStringBuilder { Host = "localhost", Port = DefaultPort };
        ReadHost(connection, slash < 0 ? rest : rest[..slash]);
        if (database.Length > 0)
        {
            Set(connection, "Database", Decode(database, "database"), "database");
        }

        int colon = user.IndexOf(':', StringComparison.Ordinal);
        if (user.Length > 0 && colon != 0)
        {
            Set(connection, "Username", Decode(colon < 0 ? user : user[..colon], "user"), "user");
        }

        if (colon >= 0)
        {
            Set(connection, "Password", Decode(user[(colon + 1)..], "password"), "password");
        }

        string[] pairs = query.Split('&', StringSplitOptions.RemoveEmptyEntries);
        for (int i = 0; i < pairs.Length; i++)
        {
            ReadParameter(connection, pairs[i], i + 1);
        }

        return connection;
    }

    private static void ReadHost(NpgsqlConnectionStringBuilder connection, string authority)
    {
        if (authority.Contains(','))
        {
            // Several hosts, each with its port, are Npgsql's to take apart.
            Set(connection, "Host", authority, "host");
            return;
        }

        // An IPv6 address has colons of its own, and so stands in brackets.
        int end = authority.StartsWith('[') ? authority.IndexOf(']', StringComparison.Ordinal) : -1;
        int colon = authority.IndexOf(':', Math.Max(end, 0));
        string host = colon < 0 ? authority : authority[..colon];
        if (host.Length > 0)
        {
            Set(connection, "Host", Decode(host.Trim('[', ']'), "host"), "host");
        }

        if (colon >= 0 && colon + 1 < authority.Length)
        {
            connection.Port = int.TryParse(authority.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int port)
                && port is > 0 and <= 65535
                ? port
                : throw Wrong("has a port that is not a number from 1 to 65535");
        }
    }

    private static void ReadParameter(NpgsqlConnectionStringBuilder connection, string parameter, int number)
    {
        string part = $"parameter number {number}";
        int equals = parameter.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0)
        {
            throw Wrong($"has no value in its {part}");
        }

        SetLibpq(connection, Decode(parameter[..equals], part), Decode(parameter[(equals + 1)..], part), part);
    }

    private static NpgsqlConnectionStringBuilder ParseLibpq(IReadOnlyList<(string Name, string Value)> pairs)
    {
        var connection = new NpgsqlConnectionStringBuilder { Host = "localhost", Port = DefaultPort };
        for (int i = 0; i < pairs.Count; i++)
        {
            SetLibpq(connection, pairs[i].Name, pairs[i].Value, $"keyword number {i + 1}");
        }

        return connection;
    }

    private static void SetLibpq(NpgsqlConnectionStringBuilder connection, string name, string value, string part)
    {
        string keyword = LibpqNames.GetValueOrDefault(name, name);

        // libpq writes verify-full where Npgsql has VerifyFull.
        Set(connection, keyword, keyword == "SSL Mode" ? value.Replace("-", string.Empty, StringComparison.Ordinal) : value, part);
    }

    private static NpgsqlConnectionStringBuilder ParseKeywords(string text)
    {
        var parts = new DbConnectionStringBuilder();
        try
        {
            parts.ConnectionString = text;
        }
        catch (ArgumentException)
        {
            throw Wrong("is not of the form Keyword=value;Keyword=value (a value with ';' or '=' in it stands in double quotes)");
        }

        var connection = new NpgsqlConnectionStringBuilder();
        int number = 0;
        foreach (string keyword in parts.Keys)
        {
            Set(connection, keyword, (string)parts[keyword], $"keyword number {++number}");
        }

        return connection;
    }

    private static void Set(NpgsqlConnectionStringBuilder connection, string keyword, string value, string part)
    {
        if (!connection.ContainsKey(keyword))
        {
            throw Wrong($"has a {part} that Npgsql does not know (if it is a piece of the password, escape or quote that)");
        }

        try
        {
            connection[keyword] = value;
        }
        catch (Exception exception) when (exception is ArgumentException or FormatException or OverflowException or NotSupportedException)
        {
            throw Wrong($"has a value in its {part} ({keyword}) that cannot be");
        }
    }

    private static string Decode(string text, string part)
    {
        for (int i = text.IndexOf('%', StringComparison.Ordinal); i >= 0; i = text.IndexOf('%', i + 1))
        {
            if (i + 2 >= text.Length || !char.IsAsciiHexDigit(text[i + 1]) || !char.IsAsciiHexDigit(text[i + 2]))
            {
                throw Wrong($"has a '%' in its {part} that is not followed by two hexadecimal digits. Write a '%' as %25");
            }
        }

        return Uri.UnescapeDataString(text);
    }

    private static ArgumentException Wrong(string what) =>
        new(
            $"The connection string {what}. Write postgresql://user:password@host:port/database, or "
                + $"Host=…;Port=…;Database=…;Username=…;Password=….");
}
