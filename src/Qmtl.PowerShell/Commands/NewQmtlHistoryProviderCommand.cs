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
public sealed class NewQmtlHistoryProviderCommand : StoreCommand
{

    /// <summary>The SQLite file, which is created when first written; qmtl.db in the current location by default.</summary>
    [Parameter(Position = 0, ParameterSetName = PathSet)]
    [ValidateNotNullOrEmpty]
    [ValidateStorePath]
    public string Path { get; set; } = "qmtl.db";

    /// <summary>The source that fills the store.</summary>
    [Parameter]
    [FetcherArgument]
    public IDataFetcher? Fetcher { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        try
        {
            IHistoryStore store = OpenStore(Path);
            WriteVerbose($"The history is in {store.Info.DisplayName}.");
            WriteObject(new StoreHistoryProvider(store, Fetcher));
        }
        catch (Exception exception) when (ErrorRecords.IsForOperator(exception))
        {
            // The target is not the connection string: that may hold a password.
            ThrowTerminatingError(ErrorRecords.From(exception, Path));
        }
    }
}
