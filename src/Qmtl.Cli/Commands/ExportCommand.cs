using System.CommandLine;
using Qmtl.Backfill;
using Qmtl.Cli.Hosting;
using Qmtl.Cli.Rendering;
using Qmtl.Data;
using Qmtl.Exporting;
using Qmtl.Time;
using Spectre.Console;

namespace Qmtl.Cli.Commands;

/// <summary><c>qmtl export</c>: stored bars as files.</summary>
internal sealed class ExportCommand : CliCommand
{
    private readonly StoreOptions _store;
    private readonly StreamOptions _streams;
    private readonly RangeOptions _range;
    private readonly Option<string> _path = new("--path")
    {
        Description = "The file; it ends in .parquet, .csv, .jsonl, .csv.gz or .jsonl.gz. With --partition the folder.",
        HelpName = "file",
        Required = true,
    };

    private readonly Option<bool> _partition = new("--partition")
    {
        Description = "A Parquet file for each stream and year, in folders node_id=…/interval=…/year=….",
    };

    private readonly Option<bool> _force = new("--force") { Description = "Replace a file that is there." };

    public ExportCommand(CliHost host)
        : base("export", "Writes stored bars to files that DuckDB, pandas and polars read, and qmtl import exactly as they were.", host)
    {
        _store = new StoreOptions(this, host);
        _streams = new StreamOptions(this, host);
        _range = new RangeOptions(this, host, startDefault: "the first stored bar", endDefault: "the last stored bar");
        Options.Add(_path);
        Options.Add(_partition);
        Options.Add(_force);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<string> Examples =>
    [
        "qmtl export --store bars.db --path bars.parquet",
        "qmtl export --store bars.db --node BTCUSDT --interval 1m --path BTCUSDT-1m.csv.gz",
        "qmtl export --store bars.db --path archive --partition",
    ];

    /// <inheritdoc/>
    protected override async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        string path = Path.GetFullPath(arguments.GetValue(_path)!);
        bool isPartitioned = arguments.GetValue(_partition);
        _ = _range.Given(arguments);
        try
        {
            HistoryExport.Validate(path, isPartitioned, arguments.GetValue(_force));
        }
        catch (ArgumentException exception)
        {
            throw UsageException.From(exception);
        }

        await using var provider = new StoreHistoryProvider(_store.OpenExisting(arguments));
        (StreamKey, TimeRange)[] streams = [.. (await _streams.RequireAsync(arguments, provider.Store, cancellationToken))
            .Select(stream => (stream, _range.Within(arguments, stream.Interval)))];
        ExportResult result = isPartitioned
            ? await HistoryExport.WritePartitionsAsync(provider, streams, path, cancellationToken)
            : await HistoryExport.WriteFileAsync(provider, streams, path, arguments.GetValue(_force), cancellationToken);
        string bars = $"{Amounts.Count(result.Bars, "bar")} of {Amounts.Count(streams.Length, "stream")}";
        Host.Console.WriteLine($"{bars} in {Amounts.Count(result.Files.Count, "file")}.");
        return ExitCode.Complete;
    }
}
