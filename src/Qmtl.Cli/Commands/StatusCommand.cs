using System.CommandLine;
using System.Globalization;
using Qmtl.Backfill;
using Qmtl.Cli.Hosting;
using Qmtl.Cli.Rendering;
using Qmtl.Data;
using Qmtl.History;
using Qmtl.Keeping;
using Qmtl.Messages;
using Qmtl.Time;

namespace Qmtl.Cli.Commands;

/// <summary><c>qmtl status</c>: how late and how complete every stream of a store, or of a declaration, is.</summary>
internal sealed class StatusCommand : CliCommand
{
    private readonly StoreOptions _store;
    private readonly StreamOptions _streams;
    private readonly Option<string?> _config = new("--config")
    {
        Description = "A declaration of qmtl keep, in place of a store: its streams, with their stores, starts and budgets.",
        HelpName = "file",
    };

    private readonly Option<AskedSpan?> _budget = new("--budget")
    {
        Description = "How long after its close a bar may be missing: so many bars (3), or so long a time (5m, 2h). Default: what is "
            + "declared, or two bars, from 5 minutes to a day.",
        HelpName = "length",
        CustomParser = OptionParsing.Using<AskedSpan?>(text => AskedSpan.Parse(text)),
    };

    private readonly Option<string?> _failOn = new("--fail-on")
    {
        Description = "Exit code 1 where a stream is stale or absent, or with 'incomplete' also where bars between are missing. "
            + "Default: 0, whatever is found.",
        HelpName = "state",
    };

    private readonly Option<bool> _json;

    public StatusCommand(CliHost host)
        : base("status", "Shows a line a stream, the worst first: how late its newest bars are, and what is missing before them.", host)
    {
        _store = new StoreOptions(this, host);
        _streams = new StreamOptions(this, host);
        OptionParsing.AcceptNames(_failOn, [nameof(StreamState.Stale), nameof(StreamState.Incomplete)]);
        Options.Add(_config);
        Options.Add(_budget);
        Options.Add(_failOn);
        _json = JsonOption.AddTo(this, "a stream");
    }

    /// <inheritdoc/>
    public override IReadOnlyList<string> Examples =>
    [
        "qmtl status --store bars.db",
        "qmtl status --store bars.db --node BTC* --budget 5m --fail-on stale",
        "qmtl status --config keep.json --fail-on stale",
        "qmtl status --store bars.db --json | jq 'select(.state != \"fresh\")'",
    ];

    /// <inheritdoc/>
    protected override async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        var found = new List<(StreamStatus Status, string Store)>();
        bool isWhole = arguments.GetValue(_config) is { } config
            ? await LookAtDeclaredAsync(arguments, config, found, cancellationToken)
            : await LookAtStoreAsync(arguments, found, cancellationToken);
        found.Sort((a, b) => StreamStatus.WorstFirst.Compare(a.Status, b.Status));
        if (arguments.GetValue(_json))
        {
            var lines = new JsonLines(Host.Output);
            foreach ((StreamStatus status, string store) in found)
            {
                await lines.WriteStatusAsync(status, store, cancellationToken);
            }
        }
        else if (found.Count > 0)
        {
            Write(found.ConvertAll(entry => entry.Status));
        }

        return !isWhole
            || (arguments.GetValue(_failOn) is { } least && found.Exists(entry => entry.Status.State >= Enum.Parse<StreamState>(least)))
            ? ExitCode.Failed
            : ExitCode.Complete;
    }

    private async Task<bool> LookAtStoreAsync(
        ParseResult arguments, List<(StreamStatus Status, string Store)> found, CancellationToken cancellationToken)
    {
        await using var provider = new StoreHistoryProvider(_store.OpenExisting(arguments));
        IReadOnlyList<StreamKey> streams = await _streams.FindAsync(arguments, provider.Store, makes: false, cancellationToken);
        if (streams.Count == 0 && !arguments.GetValue(_json))
        {
            Host.Console.Profile.Out.Writer.WriteLine(PlainText.OneLine($"No such stream is in {provider.DisplayName}."));
        }

        await LookAsync(provider, [.. streams.Select(stream => new StreamExpectation(stream))], arguments, found, cancellationToken);
        return true;
    }

    // A store that is away hides no other.
    private async Task<bool> LookAtDeclaredAsync(
        ParseResult arguments, string config, List<(StreamStatus Status, string Store)> found, CancellationToken cancellationToken)
    {
        IReadOnlyList<KeptStream> declared = KeepCommand.Read(config, Host).Streams;
        HashSet<StreamKey> meant = [.. _streams.Among(arguments, [.. declared.Select(kept => kept.Stream).Distinct()], config)];
        bool isWhole = true;
        foreach (IGrouping<KeptStore, KeptStream> kept in declared.Where(kept => meant.Contains(kept.Stream)).GroupBy(kept => kept.Store))
        {
            try
            {
                await using var provider = new StoreHistoryProvider(kept.Key.Open());
                await LookAsync(
                    provider,
                    [.. kept.Select(stream => stream.Expected)],
                    arguments,
                    found,
                    cancellationToken);
            }
            catch (Exception error) when (error is StoreException or ArgumentException)
            {
                Host.WriteDiagnostic("error", PlainMessage.Of(error));
                isWhole = false;
            }
        }

        return isWhole;
    }

    private async Task LookAsync(
        StoreHistoryProvider provider,
        IReadOnlyList<StreamExpectation> expected,
        ParseResult arguments,
        List<(StreamStatus Status, string Store)> found,
        CancellationToken cancellationToken)
    {
        AskedSpan? budget = arguments.GetValue(_budget);
        try
        {
            IReadOnlyList<StreamStatus> statuses = await StreamStatus.FindAsync(
                provider,
                [.. expected.Select(stream => stream with { Budget = budget?.LengthOf(stream.Stream.Interval) ?? stream.Budget })],
                Host.TimeProvider.GetUtcNow(),
                cancellationToken);
            found.AddRange(statuses.Select(status => (status, provider.DisplayName)));
        }
        catch (FormatException exception)
        {
            throw new UsageException(exception.Message, exception);
        }
    }

    private void Write(List<StreamStatus> found)
    {
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
        Host.Console.Profile.Out.Writer.WriteLine($"{Amounts.Count(found.Count, "stream")}: {string.Join(", ", states)}.");
    }
}
