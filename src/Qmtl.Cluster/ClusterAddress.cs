using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Npgsql;
using Qmtl.History.Relational.PostgreSql;
using Qmtl.Messages;

namespace Qmtl.Cluster;

/// <summary>
/// Where a cluster is found: the PostgreSQL database that its members are listed in, or members themselves
/// (<c>host:port</c>, several with commas), or <c>localhost</c>, the cluster of this machine without a database.
/// </summary>
public sealed class ClusterAddress
{
    /// <summary>The name that all members and clients of a database's cluster have in common.</summary>
    public const string ClusterId = "qmtl";

    /// <summary>The port for clients where none is named.</summary>
    public const int DefaultClientPort = 30000;

    /// <summary>The port for other members where none is named.</summary>
    public const int DefaultMemberPort = 11111;

    private const string Localhost = "localhost";

    private ClusterAddress(string text, NpgsqlConnectionStringBuilder? database, IReadOnlyList<IPEndPoint> members) =>
        (DisplayName, Database, Members) = (text, database, members);

    /// <summary>The address for people: no user, no password.</summary>
    public string DisplayName { get; }

    /// <summary>Whether it is the cluster of this machine, without a database.</summary>
    public bool IsLocalhost => Database is null && DisplayName == Localhost;

    /// <summary>The database that members are listed in; null where members are named.</summary>
    internal NpgsqlConnectionStringBuilder? Database { get; }

    /// <summary>The members that are named, by their ports for clients; none where a database is.</summary>
    internal IReadOnlyList<IPEndPoint> Members { get; }

    /// <summary>Reads an address.</summary>
    /// <param name="text">One of the forms.</param>
    /// <param name="credential">The database's password, in place of one in the text.</param>
    /// <exception cref="ArgumentException">It is none; the message never holds a password.</exception>
    public static ClusterAddress Parse(string text, NetworkCredential? credential = null)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            throw new ArgumentException(
                "Which cluster? Name its database (postgresql://…), a member (host:port), or localhost.", nameof(text));
        }

        if (PostgreSqlConnectionString.IsMeant(text))
        {
            NpgsqlConnectionStringBuilder database = PostgreSqlConnectionString.Parse(text, credential);
            return new ClusterAddress(PostgreSqlConnectionString.Display(database), database, []);
        }

        return text.Equals(Localhost, StringComparison.OrdinalIgnoreCase)
            ? new ClusterAddress(Localhost, null, [new IPEndPoint(IPAddress.Loopback, DefaultClientPort)])
            : new ClusterAddress(PlainText.OneLine(text), null, [.. text.Split(',', StringSplitOptions.TrimEntries).Select(ReadMember)]);
    }

    /// <inheritdoc/>
    public override string ToString() => DisplayName;

    /// <summary>What an error of the database means to an operator, as a store's errors tell it; null for any other.</summary>
    internal ClusterException? Explain(Exception error) =>
        Database is { } database
        && new PostgreSqlErrors(DisplayName, database.Password, new ServerOutage(TimeProvider.System)).Translate(error) is { } told
            ? new ClusterException($"The list of the cluster's members: {told.Message}")
            : null;

    private static IPEndPoint ReadMember(string text)
    {
        int colon = text.LastIndexOf(':');
        string host = colon < 0 ? text : text[..colon];
        if (colon > 0
            && int.TryParse(text[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out int port)
            && port is > 0 and <= IPEndPoint.MaxPort
            && AddressOf(host.Trim('[', ']')) is { } address)
        {
            return new IPEndPoint(address, port);
        }

        throw new ArgumentException(
            $"'{PlainText.OneLine(text)}' is no member of a cluster. Name its address and its port for clients, as "
                + $"10.0.0.5:{DefaultClientPort}, "
                + "or the database that members are listed in (postgresql://…), or localhost.");
    }

    private static IPAddress? AddressOf(string host)
    {
        try
        {
            return IPAddress.TryParse(host, out IPAddress? address) ? address : Dns.GetHostAddresses(host).FirstOrDefault();
        }
        catch (Exception exception) when (exception is SocketException or ArgumentException)
        {
            return null;
        }
    }
}
