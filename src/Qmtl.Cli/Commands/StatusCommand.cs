using System.CommandLine;
using System.Globalization;
using Qmtl.Backfill;
using Qmtl.Cli.Hosting;
using Qmtl.Cli.Rendering;
using Qmtl.Data;
using Qmtl.Messages;
using Qmtl.Time;

namespace Qmtl.Cli.Commands;

/// <summary><c>qmtl status</c>: how late and how complete every stream of a store is.</summary>
internal sealed class StatusCommand : CliCommand
{
    private readonly StoreOptions _store;
    private readonly StreamOptions _streams;
    private readonly Option<AskedSpan?> _budget = new("--budget")
    {
        Description = "How long after its close a bar may be missing: so many bars (3), or so long a time (5m, 2h). Default: two bars, "
            + "from 5 minutes to a day.",
        HelpName = "length",
        CustomParser = OptionParsing.Using<AskedSpan?>(text => AskedSpan.Parse(text)),
    };

    private readonly Option<string?> _failOn = new("--fail-on")
    {
        Description = "Exit code 1 where a stream is stale or absent, or with 'incomplete' also where bars between are missing. Default: 0, "
            + "whatever is found.",
        HelpName = "state",
    };

    private readonly Option<bool> _json;

    public StatusCommand(CliHost host)
        : base("status", "Shows a line a stream, the worst first: how late its newest bars are, and what is missing before them.", host)
    {
        _store = new StoreOptions(this, host);
        _streams = new StreamOptions(this, host);
        OptionParsing.AcceptNames(_failOn, [nameof(StreamState.Stale), nameof(StreamState.Incomplete)]);
        Options.Add(_budget);
        Options.Add(_failOn);
        _json = JsonOption.AddTo(this, "a stream");
    }

    /// <inheritdoc/>
    public override IReadOnlyList<string> Examples =>
    [
        "qmtl status --store bars.db",
        "qmtl status --store bars.db --node BTC* --budget 5m --fail-on stale",
        "qmtl status --store bars.db --json | jq 'select(.state != \"fresh\")'",
    ];

    /// <inheritdoc/>
    protected override async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        await using var provider = new StoreHistoryProvider(_store.OpenExisting(arguments));
        IReadOnlyList<StreamKey> streams = await _streams.FindAsync(arguments, provider.Store, makes: false, cancellationToken);
        StreamStatus[] found =
        [
            .. (await StreamStatus.FindAsync(
                provider, [.. streams.Select(stream => Expect(arguments, stream))], Host.TimeProvider.GetUtcNow(), cancellationToken))
                .Order(StreamStatus.WorstFirst),
        ];
        if (arguments.GetValue(_json))
        {
            var lines = new JsonLines(Host.Output);
            foreach (StreamStatus status in found)
            {
                await lines.WriteStatusAsync(status, cancellationToken);
            }
        }
        else
        {
            Write(found, provider.DisplayName);
        }

        return arguments.GetValue(_failOn) is { } least && found.Any(status => status.State >= Enum.Parse<StreamState>(least))
            ? ExitCode.Failed
            : ExitCode.Complete;
    }

    private StreamExpectation Expect(ParseResult arguments, StreamKey stream)
    {
        try
        {
            return new StreamExpectation(stream, null, arguments.GetValue(_budget)?.LengthOf(stream.Interval));
        }
        catch (FormatException exception)
        {
            throw new UsageException(exception.Message, exception);
        }
    }

    private void Write(StreamStatus[] found, string store)
    {
        if (found.Length == 0)
        {
            Host.Console.Profile.Out.Writer.WriteLine(PlainText.OneLine($"No such stream is in {store}."));
            return;
        }

        ReportTable table = new ReportTable(Host).WithTexts("Node", "Interval", "State", "Newest")
            .WithNumbers("Late", "Budget", "Behind", "Missing", "Complete");
        foreach (StreamStatus status in found)
        {
            table.AddRow(
                status.Stream.NodeId,
                status.Stream.Interval.ToString(),
                status.State.ToString(),
                status.Newest is { } newest ? UnixTime.Format(newest) : string.Empty,
                status.Staleness is { } late ? Amounts.Duration(late) : string.Empty,
                Amounts.Duration(status.Budget),
                Amounts.Count(status.Behind),
                Amounts.Count(status.Missing),
                string.Create(CultureInfo.InvariantCulture, $"{status.Percent:0.00} %"));
        }

        table.Write();
        IEnumerable<string> states = found.CountBy(status => status.State)
            .Select(pair => $"{Amounts.Count(pair.Value)} {pair.Key.ToString().ToLowerInvariant()}");
        Host.Console.Profile.Out.Writer.WriteLine($"{Amounts.Count(found.Length, "stream")}: {string.Join(", ", states)}.");
    }
}
