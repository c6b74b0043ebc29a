using System.CommandLine;
using Qmtl.Cli.Hosting;
using Qmtl.Cli.Rendering;
using Qmtl.Data;
using Qmtl.History;
using Qmtl.Time;

namespace Qmtl.Cli.Commands;

/// <summary><c>qmtl history</c>: the bars themselves.</summary>
internal sealed class HistoryCommand : CliCommand
{

    private readonly StoreOptions _store;
    private readonly StreamOptions _streams;
    private readonly RangeOptions _range;
    private readonly Option<bool> _json;
    private readonly Option<bool> _csv = new("--csv")
    {
        Description = "CSV with the columns ts (Unix seconds) and the payload; the default where output is redirected.",
    };

    private readonly Option<int?> _first = new("--first")
    {
        Description = "At most so many bars, from the first on.",
        HelpName = "count",
        CustomParser = OptionParsing.WholeNumber(1, int.MaxValue),
    };

    private readonly Option<bool> _safe = new("--csv-safe")
    {
        Description =
            "In CSV, puts an apostrophe before text that a spreadsheet would run as a formula (it begins with = + - @, a tab or a line "
                + "break). Read back, that text has the apostrophe.",
    };

    public HistoryCommand(CliHost host)
        : base(
            "history",
            "Prints stored bars in ascending order: the first ones as a table on a terminal, all of them as CSV or JSON lines.",
            host)
    {
        _store = new StoreOptions(this, host);
        _streams = new StreamOptions(this, host, single: true);
        _range = new RangeOptions(this, host, startDefault: "the first stored bar", endDefault: "the last stored bar");
        Options.Add(_first);
        Options.Add(_csv);
        Options.Add(_safe);
        _json = JsonOption.AddTo(this, "a bar");
        Validators.Add(result =>
        {
            if (result.GetValue(_csv) && result.GetValue(_json))
            {
                result.AddError("--csv or --json, not both.");
            }

            if (result.GetValue(_safe) && result.GetValue(_json))
            {
                result.AddError("--csv-safe is for CSV, not for --json.");
            }
        });
    }

    /// <inheritdoc/>
    public override IReadOnlyList<string> Examples =>
    [
        "qmtl history --store bars.db --node BTCUSDT --interval 1m --start 2024-01-01 --end 2024-01-01",
        "qmtl history --store bars.db --node BTCUSDT --interval 1m --csv > BTCUSDT-1m.csv",
        "qmtl history --store bars.db --node BTCUSDT --interval 1m --last 100 --json | jq .close",
    ];

    /// <inheritdoc/>
    protected override async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        StreamKey stream = _streams.Single(arguments);
        TimeRange range = _range.Given(arguments, stream.Interval);
        await using IHistoryStore store = _store.OpenExisting(arguments);
        range = await FindLastAsync(arguments, store, stream, range, cancellationToken);
        if (arguments.GetValue(_json))
        {
            using var json = new JsonBars(Host.Output);
            await WriteAsync(json);
        }
        else if (arguments.GetValue(_csv) || arguments.GetValue(_safe) || !Host.IsTerminal)
        {
            await using var csv = new CsvBars(Host.Output, Host.IsTerminal, arguments.GetValue(_safe));
            await WriteAsync(csv);
        }
        else
        {
            await WriteAsync(new TableBars(Host));
        }

        return ExitCode.Complete;

        async Task WriteAsync(IBarWriter writer)
        {
            long left = Math.Min(writer.Limit, arguments.GetValue(_first) ?? long.MaxValue);
            bool any = false;
            await foreach (BarFrame frame in store.ReadAsync(stream, range, cancellationToken))
            {
                any = true;
                await writer.WriteAsync(frame.Count <= left ? frame : frame.Slice(0, (int)left), cancellationToken);
                left -= Math.Min(left, frame.Count);
                if (left == 0)
                {
                    break;
                }
            }

            await writer.CompleteAsync(cancellationToken);
            if (!any)
            {
                IReadOnlyList<StreamKey> found = await _streams.FindAsync(arguments, store, makes: false, cancellationToken);
                if (found.Count > 0)
                {
                    Host.WriteDiagnostic("note", $"No bar of {stream} is stored in that range. See: qmtl coverage.");
                }
            }
        }
    }

    // Bars that are stored are counted, not those that could be.
    private async Task<TimeRange> FindLastAsync(
        ParseResult arguments, IHistoryStore store, StreamKey stream, TimeRange range, CancellationToken cancellationToken)
    {
        if (_range.LastBars(arguments) is not { } last)
        {
            return range;
        }

        TimeRangeSet stored = await store.GetCoverageAsync(stream, range, cancellationToken);
        return stored.IsEmpty ? range : new TimeRange(stored.OpenOfLast(last), range.End);
    }
}
