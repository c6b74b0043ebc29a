using System.Management.Automation;
using Qmtl.Backfill;
using Qmtl.Fetching;
using Qmtl.History;
using Qmtl.PowerShell.Arguments;
using Qmtl.PowerShell.Pipeline;

namespace Qmtl.PowerShell.Commands;

/// <summary>Makes a history provider: a store (SQLite file, PostgreSQL or QuestDB) and, where given, the source that fills it.</summary>
[Cmdlet(VerbsCommon.New, "QmtlHistoryProvider", DefaultParameterSetName = PathSet)]
[OutputType(typeof(StoreHistoryProvider))]
public sealed class NewQmtlHistoryProviderCommand : PSCmdlet
{
    private const string PathSet = "Path";
    private const string ConnectionStringSet = "ConnectionString";

    /// <summary>The SQLite file, which is created when first written; qmtl.db in the current location by default.</summary>
    [Parameter(Position = 0, ParameterSetName = PathSet)]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = "qmtl.db";

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
    public HistoryStoreKind Kind { get; set; }

    /// <summary>QuestDB's HTTP server, for bulk writes; port 9000 of the connection string's host by default.</summary>
    [Parameter(ParameterSetName = ConnectionStringSet)]
    [ValidateNotNull]
    public Uri? HttpUri { get; set; }

    /// <summary>One table for all streams; by default each node has its own, named by its id.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Table { get; set; }

    /// <summary>The source that fills the store.</summary>
    [Parameter]
    [FetcherArgument]
    public IDataFetcher? Fetcher { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        try
        {
            IHistoryStore store = ParameterSetName == ConnectionStringSet
                ? HistoryStoreFactory.Open(ConnectionString!, new HistoryStoreOptions { Table = Table, Credential = Credential?.GetNetworkCredential(), Kind = Kind, HttpUri = HttpUri })
                : HistoryStoreFactory.Open(FilePath.Resolve(this, Path), Table);
            WriteVerbose($"The history is in {store.DisplayName}.");
            WriteObject(new StoreHistoryProvider(store, Fetcher));
        }
        catch (Exception exception) when (ErrorRecords.IsForOperator(exception))
        {
            // The target is not the connection string: that may hold a password.
            ThrowTerminatingError(ErrorRecords.From(exception, Path));
        }
    }
}
