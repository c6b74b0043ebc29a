using System.CommandLine;
using Qmtl.Cli.Hosting;
using Qmtl.Cli.Rendering;
using Qmtl.Data;
using Qmtl.History;
using Qmtl.Time;

namespace Qmtl.Cli.Commands;

/// <summary><c>qmtl remove</c>: takes bars out of a store.</summary>
internal sealed class RemoveCommand : CliCommand
{
    private readonly StoreOptions _store;
    private readonly StreamOptions _streams;
    private readonly RangeOptions _range;
    private readonly Option<bool> _yes = new("--yes")
    {
        Description = "Do it. Without this, what would go is only counted.",
    };

    private readonly Option<bool> _emptyOnly = new("--empty-only")
    {
        Description = "Leave the stored bars, and only forget which bars sources were found not to have: they are asked for again.",
    };

    public RemoveCommand(CliHost host)
        : base("remove", "Removes stored bars, and forgets what was learnt as empty among them. Counts only, unless --yes is given.", host)
    {
        _store = new StoreOptions(this, host);
        _streams = new StreamOptions(this, host);
        _range = new RangeOptions(this, host, startDefault: "the first stored bar", endDefault: "the last stored bar");
        Options.Add(_emptyOnly);
        Options.Add(_yes);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<string> Examples =>
    [
        "qmtl remove --store bars.db --node BTCUSDT --interval 1m --start 2024-01-01 --end 2024-01-31T23:59:00Z        (counts)",
        "qmtl remove --store bars.db --node BTCUSDT --interval 1m --yes        (the whole stream)",
        "qmtl remove --store bars.db --node BTCUSDT --interval 1m --empty-only --yes",
    ];

    /// <inheritdoc/>
    protected override async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        _ = _range.Given(arguments);
        if (!_streams.AreNamed(arguments))
        {
            throw new UsageException("Which streams? Give --node or --interval; --node '*' means all that are stored.");
        }

        bool yes = arguments.GetValue(_yes);
        bool emptyOnly = arguments.GetValue(_emptyOnly);
        await using IHistoryStore store = _store.OpenExisting(arguments);
        ReportTable table = new ReportTable(Host).WithTexts("Node", "Interval").WithNumbers("Bars", "Empty");
        foreach (StreamKey stream in await _streams.RequireAsync(arguments, store, cancellationToken))
        {
            TimeRange range = _range.Within(arguments, stream.Interval);
            RemovedHistory gone = (yes, emptyOnly) switch
            {
                (true, true) => new RemovedHistory(0, await store.ForgetEmptyAsync(stream, null, range, cancellationToken)),
                (true, false) => await store.RemoveAsync(stream, range, cancellationToken),
                _ => new RemovedHistory(
                    emptyOnly ? 0 : (await store.GetCoverageAsync(stream, range, cancellationToken)).BarCount,
                    (await store.GetKnownEmptyAsync(stream, null, range, cancellationToken)).BarCount),
            };
            table.AddRow(stream.NodeId, stream.Interval.ToString(), Amounts.Count(gone.Bars), Amounts.Count(gone.EmptyBars));
        }

        table.Write();
        if (!yes)
        {
            Host.Console.Profile.Out.Writer.WriteLine("Nothing was removed. Say --yes to remove this.");
        }

        return ExitCode.Complete;
    }
}
