using System.CommandLine;
using System.CommandLine.Parsing;
using Qmtl.Cli.Hosting;
using Qmtl.Fetching;
using Qmtl.Fetching.Exchanges;
using Qmtl.Messages;

namespace Qmtl.Cli.Commands;

/// <summary>The options that say where bars come from: <c>--source</c>, <c>--file</c> and what belongs to them.</summary>
internal sealed class SourceOptions
{
    private const string SourceName = "--source";

    private readonly Option<string?> _source;

    private readonly Option<Uri?> _baseUri = new("--base-uri")
    {
        Description = "Where the REST API of --source is. Default: the exchange's own, for binance https://api.binance.com.",
        HelpName = "uri",
        CustomParser = OptionParsing.Using<Uri?>(text =>
            Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) && (uri.Scheme == Uri.UriSchemeHttp || uri.Scheme == Uri.UriSchemeHttps)
                ? uri
                : throw new FormatException($"'{text}' is not an http or https address, for example https://data-api.binance.vision.")),
    };

    private readonly Option<string[]> _symbol = new("--symbol")
    {
        Description = "The exchange's word for what a node is of, as NODE=SYMBOL; repeat it for several nodes. Default: the node's id.",
        HelpName = "node=symbol",
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = false,
    };

    private readonly Option<bool> _noBulk = new("--no-bulk")
    {
        Description = "Ask for every page, and take no files of whole months and days that the exchange publishes.",
    };

    private readonly Option<string?> _file = new("--file")
    {
        Description = "A file of bars: CSV, JSON, Feather or Parquet, also in .gz or .zip; see docs/sources/files.md. Its times "
            + "(seconds to nanoseconds, or ISO 8601) are in a column such as ts, timestamp, Datetime or Date; where it holds several "
            + "nodes, they are in node_id or symbol.",
        HelpName = "path",
    };

    private readonly Option<char?> _delimiter = new("--delimiter")
    {
        Description = "What separates the fields of --file, where that is not found: one character, or tab.",
        HelpName = "character",
        CustomParser = OptionParsing.Using<char?>(text => text switch
        {
            "tab" or "\\t" => '\t',
            [var character] => character,
            _ => throw new FormatException($"'{text}' is not one character, nor tab."),
        }),
    };

    private readonly Option<string?> _culture = new("--culture")
    {
        Description = "How --file writes numbers and dates, where that is not found: de-DE for 1.234,5 and 31.1.2024, en-US for "
            + "1,234.5 and 1/31/2024.",
        HelpName = "name",
    };

    private readonly Option<string?> _header = new("--header")
    {
        Description = "The names of all columns of a --file without any, in their order: ts,open,high,low,close,volume.",
        HelpName = "names",
    };

    public SourceOptions(Command command)
    {
        _source = new Option<string?>(SourceName)
        {
            Description = "An exchange (qmtl exchanges lists them), the path of a profile that describes one (see docs/exchanges.md), or "
                + $"{Names(SourceFactory.Kinds.Where(kind => kind.IsFile))}. Default: what --file is where it is given, otherwise "
                + $"{SourceFactory.Default.Name}.",
            HelpName = "name",
        };
        OptionParsing.AcceptNames(_source, [.. SourceFactory.Kinds.Select(kind => kind.Name)], isOther: SourceFactory.IsProfile);
        command.Options.Add(_source);
        command.Options.Add(_baseUri);
        command.Options.Add(_symbol);
        command.Options.Add(_noBulk);
        command.Options.Add(_file);
        command.Options.Add(_delimiter);
        command.Options.Add(_culture);
        command.Options.Add(_header);
    }

    /// <summary>Makes the fetcher that the arguments name.</summary>
    /// <exception cref="UsageException">The options contradict one another, or the file does not exist.</exception>
    public IDataFetcher CreateFetcher(ParseResult arguments)
    {
        (Uri? baseUri, string? file) = (arguments.GetValue(_baseUri), arguments.GetValue(_file));
        SourceKind kind = FindKind(arguments.GetValue(_source), file);
        Dictionary<string, string> symbols = ReadSymbols(arguments);
        if (kind.IsFile && symbols.Count > 0)
        {
            throw new UsageException("--symbol belongs to an exchange. Leave it out, or leave out --file.");
        }

        if (kind.IsFile && baseUri is not null)
        {
            throw new UsageException("--base-uri belongs to an exchange. Leave it out, or leave out --file.");
        }

        if (!kind.IsFile && new Option[] { _delimiter, _culture, _header }.FirstOrDefault(
            option => arguments.GetResult(option) is not null) is { } ofFile)
        {
            throw new UsageException($"{ofFile.Name} belongs to --file. Leave it out, or name a file.");
        }

        if (kind.IsFile && file is null)
        {
            throw new UsageException($"--source {kind.Name} needs --file.");
        }

        if (!kind.IsFile && file is not null)
        {
            string files = Names(SourceFactory.Kinds.Where(other => other.IsFile));
            throw new UsageException($"--file belongs to --source {files}. Leave it out, or write --source {files}.");
        }

        try
        {
            return kind.Open(new()
            {
                Path = file,
                Delimiter = arguments.GetValue(_delimiter),
                Culture = arguments.GetValue(_culture),
                Header = arguments.GetValue(_header)?.Split(',', StringSplitOptions.TrimEntries),
                BaseUri = baseUri,
                UseBulkFiles = !arguments.GetValue(_noBulk),
                Symbol = symbols.Count == 0 ? null : stream => symbols.GetValueOrDefault(stream.NodeId, stream.NodeId),
            });
        }
        catch (Exception exception) when (exception is ArgumentException or FileNotFoundException)
        {
            throw new UsageException((kind.IsFile ? "--file: " : string.Empty) + PlainMessage.Of(exception), exception);
        }
    }

    /// <summary>The intervals of the exchange that a command line names, or else the usual ones; for completion.</summary>
    public static IEnumerable<string> IntervalsOf(ParseResult arguments)
    {
        string? name = arguments.GetResult(SourceName) is OptionResult { Tokens: [{ Value: var typed }] } ? typed : null;
        return ExchangeCatalog.Names.Contains(name, StringComparer.OrdinalIgnoreCase)
            ? ExchangeCatalog.Get(name!).Intervals.Select(static interval => interval.ToString())
            : ["1m", "5m", "15m", "30m", "1h", "4h", "1d", "1w", "1M"];
    }

    private static SourceKind FindKind(string? source, string? file)
    {
        try
        {
            return source is not null ? SourceFactory.Find(source) : file is not null ? SourceFactory.OfFile(file) : SourceFactory.Default;
        }
        catch (Exception exception) when (exception is ArgumentException or IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"--source: {PlainMessage.Of(exception)}", exception);
        }
    }

    private Dictionary<string, string> ReadSymbols(ParseResult arguments)
    {
        Dictionary<string, string> symbols = [];
        foreach (string pair in arguments.GetValue(_symbol) ?? [])
        {
            int sign = pair.IndexOf('=', StringComparison.Ordinal);
            if (sign <= 0 || sign == pair.Length - 1 || !symbols.TryAdd(pair[..sign], pair[(sign + 1)..]))
            {
                throw new UsageException(
                    $"--symbol: '{PlainText.OneLine(pair)}' must be NODE=SYMBOL, for example btc=BTC-USDT, and each node once.");
            }
        }

        return symbols;
    }

    private static string Names(IEnumerable<SourceKind> kinds) => OptionParsing.Listed([.. kinds.Select(kind => kind.Name)]);
}
