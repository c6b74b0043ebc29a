using System.CommandLine;
using System.Globalization;
using Qmtl.Backfill;
using Qmtl.Cli.Hosting;
using Qmtl.Cli.Rendering;
using Qmtl.Data;
using Qmtl.Quality;
using Qmtl.Time;
using Spectre.Console;

namespace Qmtl.Cli.Commands;

/// <summary><c>qmtl test</c>: what is wrong with stored bars.</summary>
internal sealed class TestCommand : CliCommand
{
    private static readonly ExaminationOptions Defaults = new();

    private readonly StoreOptions _store;
    private readonly StreamOptions _streams;
    private readonly RangeOptions _range;
    private readonly Option<BarCheck[]> _checks = new("--check")
    {
        Description = $"What to look for: {OptionParsing.Listed(Enum.GetNames<BarCheck>())}. Repeat it for several. Default: all.",
        HelpName = "name",
        Arity = ArgumentArity.OneOrMore,
        CustomParser = static result => [.. result.Tokens.Select(token =>
        {
            if (Enum.TryParse(token.Value, ignoreCase: true, out BarCheck check) && Enum.IsDefined(check))
            {
                return check;
            }

            result.AddError($"--check: '{token.Value}' is not known. Choose {OptionParsing.Listed(Enum.GetNames<BarCheck>())}.");
            return default;
        })],
    };

    private readonly Option<double?> _sigma = new("--sigma")
    {
        Description =
            $"How many standard deviations of the returns before it make a return a jump. Default: "
                + $"{Defaults.Sigma.ToString(CultureInfo.InvariantCulture)}.",
        HelpName = "number",
        CustomParser = OptionParsing.Using<double?>(text =>
            double.TryParse(text, CultureInfo.InvariantCulture, out double sigma) && sigma > 0 && double.IsFinite(sigma)
                ? sigma
                : throw new FormatException($"'{text}' is not a number above 0.")),
    };

    private readonly Option<int?> _window = new("--window")
    {
        Description = $"Over how many returns that is taken, from 30 to 1000000. Default: {Defaults.Window}.",
        HelpName = "count",
        CustomParser = OptionParsing.WholeNumber(30, 1_000_000),
    };

    private readonly Option<int?> _flatBars = new("--flat-bars")
    {
        Description = $"How many bars of one price in a row are a flat run. Default: {Defaults.FlatBars}.",
        HelpName = "count",
        CustomParser = OptionParsing.WholeNumber(2, int.MaxValue),
    };

    private readonly Option<bool> _json;

    public TestCommand(CliHost host)
        : base("test", "Looks for bars that cannot be right, or hardly. Exit code 1 where there are any.", host)
    {
        _store = new StoreOptions(this, host);
        _streams = new StreamOptions(this, host);
        _range = new RangeOptions(this, host, startDefault: "the first stored bar", endDefault: "the last stored bar");
        Options.Add(_checks);
        Options.Add(_sigma);
        Options.Add(_window);
        Options.Add(_flatBars);
        _checks.CompletionSources.Add([.. Enum.GetNames<BarCheck>().Select(static name => name.ToLowerInvariant())]);
        _json = JsonOption.AddTo(this, "a finding");
    }

    /// <inheritdoc/>
    public override IReadOnlyList<string> Examples =>
    [
        "qmtl test --store bars.db",
        "qmtl test --store bars.db --node BTCUSDT --interval 1m --check highbelowlow --check outsidehighlow --json",
        "qmtl test --store bars.db --node BTCUSDT --start 2024-01-01 --sigma 20 --flat-bars 240",
    ];

    /// <inheritdoc/>
    protected override async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        _ = _range.Given(arguments);
        await using var provider = new StoreHistoryProvider(_store.OpenExisting(arguments));
        IReadOnlyList<StreamKey> streams = await _streams.RequireAsync(arguments, provider.Store, cancellationToken);
        var options = new ExaminationOptions
        {
            Checks = arguments.GetValue(_checks) is { Length: > 0 } checks ? checks : Defaults.Checks,
            Sigma = arguments.GetValue(_sigma) ?? Defaults.Sigma,
            Window = arguments.GetValue(_window) ?? Defaults.Window,
            FlatBars = arguments.GetValue(_flatBars) ?? Defaults.FlatBars,
        };
        var found = new SortedDictionary<BarCheck, long>();
        bool json = arguments.GetValue(_json);
        var lines = new JsonLines(Host.Output);
        // A table is held in memory; JSON lines are not.
        ReportTable table = new ReportTable(Host) { MostRows = 1000 }.WithTexts("Node", "Interval", "Time", "Check", "Finding");
        foreach (StreamKey stream in streams)
        {
            await foreach (BarFinding finding in HistoryExamination.ExamineAsync(
                provider, stream, _range.Within(arguments, stream.Interval), options, cancellationToken))
            {
                found[finding.Check] = found.GetValueOrDefault(finding.Check) + 1;
                if (json)
                {
                    await lines.WriteFindingAsync(finding, cancellationToken);
                }
                else
                {
                    table.AddRow(
                        stream.NodeId,
                        stream.Interval.ToString(),
                        UnixTime.Format(finding.Range.Start),
                        finding.Check.ToString(),
                        finding.Message);
                }
            }
        }

        if (!json)
        {
            Write(table, found, streams.Count);
        }

        return found.Count == 0 ? ExitCode.Complete : ExitCode.Failed;
    }

    private void Write(ReportTable table, SortedDictionary<BarCheck, long> found, int streams)
    {
        if (table.RowCount > 0)
        {
            table.Write();
        }

        long all = found.Values.Sum();
        string each = string.Join(", ", found.Select(pair => $"{Amounts.Count(pair.Value)} {pair.Key}"));
        Host.Console.WriteLine(all == 0
            ? $"Nothing is wrong with {Amounts.Count(streams, "stream")}."
            : $"{Amounts.Count(all, "finding")}: {each}. {table.Rest}".TrimEnd());
    }
}
