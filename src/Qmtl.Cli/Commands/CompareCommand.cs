using System.CommandLine;
using Qmtl.Backfill;
using Qmtl.Cli.Hosting;
using Qmtl.Cli.Rendering;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.History;
using Qmtl.Messages;
using Qmtl.Time;

namespace Qmtl.Cli.Commands;

/// <summary><c>qmtl compare</c>: stored bars beside those of a source or of another store.</summary>
internal sealed class CompareCommand : CliCommand
{
    private readonly StoreOptions _store;
    private readonly StreamOptions _streams;
    private readonly RangeOptions _range;
    private readonly SourceOptions _source;
    private readonly Option<string?> _withStore = new("--with-store")
    {
        Description = "Another store to compare with, in place of a source: a file, or a connection string as for --store.",
        HelpName = "path-or-dsn",
    };

    private readonly Option<int?> _sample = new("--sample")
    {
        Description = "Compare so many bars of each node only, chosen at random, and say how sure what they tell is. Default: all.",
        HelpName = "count",
        CustomParser = OptionParsing.WholeNumber(1, 10_000_000),
    };

    private readonly Option<ValueTolerance> _tolerance = new("--tolerance")
    {
        Description = "How far floating-point values may lie apart: 0.01, or 0.01% of the other's value. Default: not at all.",
        HelpName = "number",
        CustomParser = OptionParsing.Using(ValueTolerance.Parse),
    };

    private readonly Option<bool> _repair = new("--repair")
    {
        Description = "Write the source's bars where stored ones differ or are missing; qmtl revisions shows what was changed.",
    };

    private readonly Option<bool> _json;

    public CompareCommand(CliHost host)
        : base("compare", "Compares stored bars with a source, or with another store. Changes nothing unless --repair is given.", host)
    {
        _store = new StoreOptions(this, host);
        _streams = new StreamOptions(this, host);
        _range = new RangeOptions(this, host, startDefault: "the first bar that is stored, there or here", endDefault: "the last one");
        _source = new SourceOptions(this);
        Options.Add(_withStore);
        Options.Add(_sample);
        Options.Add(_tolerance);
        Options.Add(_repair);
        _json = JsonOption.AddTo(this, "a difference");
        Validators.Add(result =>
        {
            // Not its value: that of a number which could not be read throws.
            if (result.GetResult(_sample) is { Implicit: false } && result.GetValue(_repair))
            {
                result.AddError("Only what was compared can be repaired: --sample or --repair, not both.");
            }
        });
    }

    /// <inheritdoc/>
    public override IReadOnlyList<string> Examples =>
    [
        "qmtl compare --store bars.db --node BTCUSDT --interval 1m --start 2024-01-01 --end 2024-01-31T23:59:00Z",
        "qmtl compare --store bars.db --node BTCUSDT --interval 1m --sample 300",
        "qmtl compare --store bars.db --node BTCUSDT --interval 1m --with-store copy.db --json",
        "qmtl compare --store bars.db --node BTCUSDT --interval 1m --with-store copy.db --tolerance 0.01%",
        "qmtl compare --store bars.db --node BTCUSDT --interval 1m --repair",
    ];

    /// <inheritdoc/>
    protected override async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        _ = _range.Given(arguments);
        await using IHistoryStore store = _store.OpenExisting(arguments);
        await using IHistoryStore? other = OpenOther(arguments);
        IDataFetcher source = other is null ? _source.CreateFetcher(arguments) : new StoreFetcher(other);
        ReportTable table = new ReportTable(Host) { MostRows = 50 }
            .WithTexts("Node", "Interval", "Bar", "Kind", "Column", "Stored", "Other");
        var lines = new JsonLines(Host.Output);
        var summaries = new List<string>();
        foreach (StreamKey stream in await _streams.RequireAsync(arguments, store, cancellationToken))
        {
            (DateTimeOffset? start, DateTimeOffset? end) = _range.Ends(arguments, stream.Interval);
            if (await HistoryComparison.FindRangeAsync(store, source, stream, start, end, cancellationToken) is not { } range)
            {
                Host.WriteDiagnostic("note", $"No bar of {stream} is stored in that range. See: qmtl coverage.");
                continue;
            }

            var comparison = new HistoryComparison(store, source, stream, range)
            {
                SampleSize = arguments.GetValue(_sample),
                Repair = arguments.GetValue(_repair),
                AbsoluteTolerance = arguments.GetValue(_tolerance).Absolute,
                RelativeTolerance = arguments.GetValue(_tolerance).Relative,
            };
            await foreach (BarDifference difference in comparison.RunAsync(
                timeProvider: Host.TimeProvider, loggerFactory: Host.Log, cancellationToken: cancellationToken))
            {
                if (arguments.GetValue(_json))
                {
                    await lines.WriteDifferenceAsync(stream, difference, cancellationToken);
                }
                else
                {
                    table.AddRow(
                        stream.NodeId,
                        stream.Interval.ToString(),
                        UnixTime.Format(difference.Timestamp),
                        difference.Kind.ToString(),
                        difference.Column ?? "",
                        TextOf(difference.Stored),
                        TextOf(difference.Other));
                }
            }

            summaries.Add(comparison.Summary.ToString());
        }

        if (table.RowCount > 0)
        {
            table.Write();
        }

        if (arguments.GetValue(_json))
        {
            summaries.ForEach(summary => Host.WriteDiagnostic("note", summary));
            return ExitCode.Complete;
        }

        foreach (string summary in table.Rest is { } rest ? summaries.Prepend(rest) : summaries)
        {
            Host.Console.Profile.Out.Writer.WriteLine(PlainText.OneLine(summary));
        }

        return ExitCode.Complete;
    }

    private static string TextOf(object? value) => value switch
    {
        null => "",
        IFormattable number => number.ToString(null, System.Globalization.CultureInfo.InvariantCulture),
        _ => PlainText.OneLine(value.ToString() ?? ""),
    };

    private IHistoryStore? OpenOther(ParseResult arguments)
    {
        if (arguments.GetValue(_withStore) is not { } text)
        {
            return null;
        }

        try
        {
            return StoreOptions.RequireExisting(HistoryStoreFactory.Open(text), _withStore.Name);
        }
        catch (ArgumentException exception)
        {
            throw UsageException.From(exception);
        }
    }
}
