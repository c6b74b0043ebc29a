using System.Management.Automation;
using Qmtl.History;
using Qmtl.PowerShell.Arguments;

namespace Qmtl.PowerShell.Commands;

/// <summary>The base of the commands that open a store: a SQLite file, whose parameter is theirs, or a server.</summary>
public abstract class StoreCommand : PSCmdlet
{
    private protected const string PathSet = "Path";
    private protected const string ConnectionStringSet = "ConnectionString";

    /// <summary>A PostgreSQL or QuestDB server: a DSN, or a connection string in Npgsql's own form.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ConnectionStringSet)]
    [ValidateNotNullOrEmpty]
    public string? ConnectionString { get; set; }

    /// <summary>User and password, in place of those in the connection string.</summary>
    [Parameter(ParameterSetName = ConnectionStringSet)]
    [Credential]
    public PSCredential? Credential { get; set; }

    /// <summary>Which database it is; a server is asked at the first use by default.</summary>
    [Parameter(ParameterSetName = ConnectionStringSet)]
    [ArgumentCompleter(typeof(StoreKindCompleter))]
    [ValidateNotNullOrEmpty]
    public string Kind { get; set; } = HistoryStoreFactory.KindNames[0];

    /// <summary>QuestDB's HTTP server, for bulk writes; port 9000 of the connection string's host by default.</summary>
    [Parameter(ParameterSetName = ConnectionStringSet)]
    [ValidateNotNull]
    public Uri? HttpUri { get; set; }

    /// <summary>One table for all streams; by default each node has its own, named by its id.</summary>
    [Parameter(ParameterSetName = PathSet)]
    [Parameter(ParameterSetName = ConnectionStringSet)]
    [ValidateNotNullOrEmpty]
    public string? Table { get; set; }

    /// <summary>The store that the parameters name; <paramref name="path"/> is the file where it is one.</summary>
    private protected IHistoryStore OpenStore(string? path) => ParameterSetName == ConnectionStringSet
        ? OpenServer()
        : HistoryStoreFactory.Open(ArgumentPath.Resolve(this, path!), Table);

    private IHistoryStore OpenServer()
    {
        IHistoryStore store = HistoryStoreFactory.Open(
            ConnectionString!,
            new HistoryStoreOptions { Table = Table, Credential = Credential?.GetNetworkCredential(), Kind = Kind, HttpUri = HttpUri });

        // A slip in a connection string must not become a file, in a folder that is not even PowerShell's location. What was given is not
        // told: it may hold a password.
        return store.Info.FilePath is not null && Kind.Equals(HistoryStoreFactory.KindNames[0], StringComparison.OrdinalIgnoreCase)
            ? throw new ArgumentException(
                "What -ConnectionString was given names no server; it reads as a file's path. Write "
                    + "postgresql://user:password@host:5432/database, or name a SQLite file with -Path.")
            : store;
    }
}
