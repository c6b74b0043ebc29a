using System.Globalization;
using System.Net;
using Npgsql;
using Qmtl.History;
using Qmtl.History.Relational.PostgreSql;
using Qmtl.Messages;

namespace Qmtl.Keeping;

/// <summary>A store of a declaration, not opened yet. Two that are declared alike are equal.</summary>
public sealed record KeptStore
{
    /// <summary>What the declaration calls it.</summary>
    public required string Name { get; init; }

    /// <summary>A file's path or a connection string, as <see cref="HistoryStoreFactory"/> reads it, without a password.</summary>
    public string Address { get; init; } = string.Empty;

    /// <summary>Which table and which kind of store.</summary>
    public HistoryStoreOptions Options { get; init; } = new();

    /// <summary>The environment variable that holds the password; null, the default, for <c>PGPASSWORD</c> or none.</summary>
    public string? PasswordVariable { get; init; }

    /// <summary>The file whose first line is the password; null, the default, for none.</summary>
    public string? PasswordFile { get; init; }

    /// <summary>A store that somebody has opened already, and who closes it; null, the default, for one that the keeper opens.</summary>
    public IHistoryStore? Opened { get; init; }

    /// <summary>
    /// What tells its password file from the same one changed: two that were declared before and after a change are not equal. Null,
    /// the default, where it reads none.
    /// </summary>
    internal string? Stamp { get; init; }

    /// <summary>What it is, whatever it is called and whoever opens it: two with the same hold the same bars.</summary>
    internal object Identity => Opened ?? (object)(PlaceOf(Address), Options.Table);

    /// <summary>Opens it. Nothing is read or created before the first use.</summary>
    /// <exception cref="ArgumentException">The address is none, or the password is not there.</exception>
    public IHistoryStore Open()
    {
        if (Opened is not null)
        {
            return Opened;
        }

        try
        {
            return HistoryStoreFactory.Open(Address, Options with { Credential = ReadCredential() });
        }
        catch (ArgumentException error)
        {
            throw new ArgumentException($"The store {PlainText.OneLine(Name)}: {PlainMessage.Of(error)}", error);
        }
    }

    private static string PlaceOf(string address)
    {
        try
        {
            if (!PostgreSqlConnectionString.IsMeant(address))
            {
                string path = Path.GetFullPath(address);
                return File.Exists(path) ? File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path : path;
            }

            // As somebody else, or on another search path, a table of the same name may be another one.
            NpgsqlConnectionStringBuilder server = PostgreSqlConnectionString.Parse(address, credential: null);
            string host = server.Host!.ToLowerInvariant();
            return string.Create(
                CultureInfo.InvariantCulture, $"{server.Username}@{host}:{server.Port}/{server.Database} {server.SearchPath}");
        }
        catch (Exception error) when (error is ArgumentException or IOException or UnauthorizedAccessException)
        {
            // What is wrong with it is told when it is opened.
            return address;
        }
    }

    private NetworkCredential? ReadCredential()
    {
        if (PasswordVariable is { } variable)
        {
            return Environment.GetEnvironmentVariable(variable) is { Length: > 0 } password
                ? new NetworkCredential(string.Empty, password)
                : throw new ArgumentException(
                    "its password is to be in the environment variable that 'passwordVariable' names, and that is not set. Set it.");
        }

        return PasswordFile is null ? null : HistoryStoreOptions.CredentialIn(PasswordFile);
    }
}
