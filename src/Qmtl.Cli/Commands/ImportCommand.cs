using System.CommandLine;
using Qmtl.Backfill;
using Qmtl.Cli.Hosting;
using Qmtl.Cli.Rendering;
using Qmtl.Data;
using Qmtl.Exporting;
using Qmtl.Fetching.Files;
using Qmtl.History;

namespace Qmtl.Cli.Commands;

/// <summary><c>qmtl import</c>: bars of files into a store.</summary>
internal sealed class ImportCommand : CliCommand
{
    private readonly StoreOptions _store;
    private readonly StreamOptions _streams;
    private readonly Option<string[]> _paths = new("--path")
    {
        Description = "A file of qmtl export or of anybody else, or a folder of --partition. Repeat it for several.",
        HelpName = "file",
        Required = true,
        Arity = ArgumentArity.OneOrMore,
    };

    private readonly Option<bool> _json;

    public ImportCommand(CliHost host)
        : base("import", "Stores the bars of files, only those that are missing. Run it as often as you like.", host)
    {
        _store = new StoreOptions(this, host);
        _streams = new StreamOptions(this, host);
        Options.Add(_paths);
        _json = JsonOption.AddTo(this, "a stream of a file, as soon as it is done");
    }

    /// <inheritdoc/>
    public override IReadOnlyList<string> Examples =>
    [
        "qmtl import --store bars.db --path bars.parquet",
        "qmtl import --store bars.db --path archive",
        "qmtl import --store bars.db --path XRPETH-1m.csv --node XRPETH --interval 1m",
    ];

    /// <inheritdoc/>
    protected override async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        StreamSelection selection = _streams.Selection(arguments);
        await using IHistoryStore store = _store.Open(arguments);
        var lines = new JsonLines(Host.Output);
        bool json = arguments.GetValue(_json);
        List<BackfillResult> results = [];
        var engine = new BackfillEngine(HistoryImport.Options(new BackfillOptions()), Host.TimeProvider, loggerFactory: Host.Log);
        try
        {
            foreach (string file in arguments.GetValue(_paths)!.SelectMany(HistoryImport.FilesOf).ToList())
            {
                var fetcher = new FileFetcher(file);
                await foreach (BackfillResult result in HistoryImport.RunAsync(
                    engine, store, fetcher, StreamsOf(fetcher, file, selection, cancellationToken), cancellationToken))
                {
                    results.Add(result);
                    await (json ? lines.WriteResultAsync(result, CancellationToken.None) : Task.CompletedTask);
                }
            }
        }
        catch (ArgumentException exception)
        {
            throw UsageException.From(exception);
        }

        if (results.Count == 0)
        {
            throw new UsageException("No such stream is in what --path names. Leave --node, --interval and --exclude out to take all.");
        }

        if (!json)
        {
            BackfillReport.Write(Host, results);
        }

        return results.Exists(static result => result.Status == BackfillStatus.Cancelled) ? ExitCode.Cancelled
            : results.TrueForAll(static result => result.Status == BackfillStatus.Completed) ? ExitCode.Complete
            : ExitCode.Failed;
    }

    // By what they look like, streams can be told only where the file names its own.
    private static IReadOnlyList<StreamKey> StreamsOf(
        FileFetcher fetcher, string file, StreamSelection selection, CancellationToken cancellationToken) =>
        selection.Except.Count == 0 && selection.Nodes.All(name => name.Matches is null)
            ? HistoryImport.StreamsOf(fetcher, file, [.. selection.Nodes.Select(name => name.Text)], selection.Intervals, cancellationToken)
            : selection.From(HistoryImport.StreamsOf(fetcher, file, [], [], cancellationToken), file).Streams;
}
