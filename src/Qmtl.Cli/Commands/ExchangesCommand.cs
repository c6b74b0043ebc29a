using System.CommandLine;
using System.Globalization;
using Qmtl.Cli.Hosting;
using Qmtl.Cli.Rendering;
using Qmtl.Fetching;
using Qmtl.Fetching.Exchanges;
using Qmtl.Messages;

namespace Qmtl.Cli.Commands;

/// <summary><c>qmtl exchanges</c>: which exchanges can be asked for candles.</summary>
internal sealed class ExchangesCommand : CliCommand
{
    private readonly Argument<string[]> _names = new("name")
    {
        Description = "Names, or paths of profiles, which are then checked. Default: all exchanges that come with qmtl.",
        Arity = ArgumentArity.ZeroOrMore,
    };

    private readonly Option<bool> _json;

    public ExchangesCommand(CliHost host)
        : base("exchanges", "Lists the exchanges that can be asked for candles: symbols, intervals, how far back, rate limit.", host)
    {
        _names.CompletionSources.Add([.. ExchangeCatalog.Names]);
        Arguments.Add(_names);
        _json = JsonOption.AddTo(this, "an exchange");
    }

    /// <inheritdoc/>
    public override IReadOnlyList<string> Examples => ["qmtl exchanges", "qmtl exchanges okx kraken --json", "qmtl exchanges ./mine.json"];

    /// <inheritdoc/>
    protected override async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        string[] names = arguments.GetValue(_names) ?? [];
        ExchangeProfile[] exchanges = [.. (names.Length == 0 ? ExchangeCatalog.Names : names).Select(Find)];
        if (arguments.GetValue(_json))
        {
            var lines = new JsonLines(Host.Output);
            foreach (ExchangeProfile exchange in exchanges)
            {
                await lines.WriteExchangeAsync(exchange, cancellationToken);
            }

            return ExitCode.Complete;
        }

        ReportTable table = new ReportTable(Host) { LeavesOutColumns = true }
            .WithTexts("name", "market", "symbol", "intervals")
            .WithNumbers("bars/request")
            .WithTexts("back", "limit", "trusted", "key", "volume");
        foreach (ExchangeProfile exchange in exchanges)
        {
            table.AddRow(
                exchange.Name,
                exchange.Market,
                exchange.SymbolExample,
                names.Length > 0 ? string.Join(' ', exchange.Intervals) : Span(exchange),
                exchange.BarsPerRequest.ToString(CultureInfo.InvariantCulture),
                exchange.ReachText,
                exchange.LimitText,
                exchange.IsTrusted ? "yes" : "no",
                exchange.Secrets.Count == 0 ? "none" : names.Length == 0 ? "yes" : string.Join(' ', exchange.Secrets),
                exchange.VolumeUnit);
        }

        IReadOnlyList<string> leftOut = table.Write();
        if (leftOut.Count > 0)
        {
            Host.Console.Profile.Out.Writer.WriteLine($"The terminal is too narrow for {string.Join(", ", leftOut)}; --json has all.");
        }

        return ExitCode.Complete;
    }

    private static string Span(ExchangeProfile exchange) => string.Create(
        CultureInfo.InvariantCulture, $"{exchange.Intervals[0]} to {exchange.Intervals[^1]} ({exchange.Intervals.Count})");

    private static ExchangeProfile Find(string name)
    {
        try
        {
            return SourceFactory.IsProfile(name) ? ExchangeCatalog.Load(name) : ExchangeCatalog.Get(name);
        }
        catch (Exception exception) when (exception is ArgumentException or IOException or UnauthorizedAccessException)
        {
            throw new UsageException(PlainMessage.Of(exception), exception);
        }
    }
}
