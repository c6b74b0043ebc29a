using System.CommandLine;
using Qmtl.Backfill;
using Qmtl.Cli.Hosting;
using Qmtl.Cli.Rendering;
using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.Cli.Commands;

/// <summary><c>qmtl gaps</c>: what is missing from a store.</summary>
internal sealed class GapsCommand : CliCommand
{
    private readonly StoreOptions _store;
    private readonly StreamOptions _streams;
    private readonly RangeOptions _range;
    private readonly Option<bool> _includeEmpty = new("--include-empty")
    {
        Description = "Count bars that a source is known not to have as missing too.",
    };

    private readonly Option<bool> _json;

    public GapsCommand(CliHost host)
        : base("gaps", "Lists the bars that are missing. Bars known to be empty and bars that have not closed are not missing.", host)
    {
        _store = new StoreOptions(this, host);
        _streams = new StreamOptions(this, host);
        _range = new RangeOptions(this, host, startDefault: "the first stored bar", endDefault: "the last bar that has closed");
        Options.Add(_includeEmpty);
        _json = JsonOption.AddTo(this, "a gap");
    }

    /// <inheritdoc/>
    public override IReadOnlyList<string> Examples =>
    [
        "qmtl gaps --store bars.db",
        "qmtl gaps --store bars.db --node BTC* --interval 1m --last 30d",
        "qmtl gaps --store bars.db --node BTCUSDT --node ETHUSDT --interval 1m --start 2024-01-01 --end 2024-01-31 --json",
    ];

    /// <inheritdoc/>
    protected override async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        await using var provider = new StoreHistoryProvider(_store.OpenExisting(arguments));

        // Of a stream that is not stored all is missing, where it is said from where on.
        IReadOnlyList<StreamKey> streams = await _streams.FindAsync(
            arguments, provider.Store, makes: _range.HasStart(arguments), cancellationToken);
        var gaps = new List<(StreamKey Stream, TimeRangeSet Missing)>();
        foreach (StreamKey stream in streams)
        {
            TimeRange range = await _range.ResolveAsync(
                arguments, stream, provider.Store, Host.TimeProvider.GetUtcNow(), cancellationToken: cancellationToken);
            TimeRangeSet found = await GapFinder.FindAsync(
                provider, stream, range, includeEmpty: arguments.GetValue(_includeEmpty), cancellationToken: cancellationToken);
            gaps.Add((stream, found));
        }

        await GapReport.WriteAsync(Host, gaps, arguments.GetValue(_json), "missing", cancellationToken);
        return ExitCode.Complete;
    }
}
