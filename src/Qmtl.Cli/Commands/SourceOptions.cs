using System.CommandLine;
using Qmtl.Cli.Hosting;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.Messages;
using Qmtl.Time;

namespace Qmtl.Cli.Commands;

/// <summary>The options that say where bars come from: <c>--source</c>, <c>--base-uri</c>, <c>--file</c>.</summary>
internal sealed class SourceOptions
{
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

    private readonly Option<string?> _file = new("--file")
    {
        Description = "The file of --source csv: a header, a ts column (seconds, milliseconds, microseconds or ISO 8601), any payload "
            + "and, where it holds several nodes, a node_id column.",
        HelpName = "path",
    };

    public SourceOptions(Command command)
    {
        _source = new Option<string?>("--source")
        {
            Description = "An exchange (qmtl exchanges lists them), the path of a profile that describes one (see docs/exchanges.md), or "
                + $"{Names(SourceFactory.Kinds.Where(kind => kind.IsFile))}. Default: what --file is where it is given, otherwise {SourceFactory.Default.Name}.",
            HelpName = "name",
        };
        OptionParsing.AcceptNames(_source, [.. SourceFactory.Kinds.Select(kind => kind.Name)], isOther: SourceFactory.IsProfile);
        command.Options.Add(_source);
        command.Options.Add(_baseUri);
        command.Options.Add(_symbol);
        command.Options.Add(_file);
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
                BaseUri = baseUri,
                Symbol = symbols.Count == 0 ? null : stream => symbols.GetValueOrDefault(stream.NodeId, stream.NodeId),
            });
        }
        catch (Exception exception) when (exception is ArgumentException or FileNotFoundException)
        {
            throw new UsageException((kind.IsFile ? "--file: " : string.Empty) + PlainMessage.Of(exception), exception);
        }
    }

    /// <summary>All bars of <paramref name="stream"/> that the source has, where it can tell: a file can, an exchange cannot.</summary>
    /// <exception cref="SourceException">The file cannot be read, or it has no row of the stream.</exception>
    public async Task<TimeRange?> FindExtentAsync(
        ParseResult arguments, IDataFetcher fetcher, StreamKey stream, CancellationToken cancellationToken)
    {
        TimeRange? extent = fetcher.GetExtent(stream, cancellationToken);
        if (extent is null && arguments.GetValue(_file) is not null)
        {
            // Asking for any bar says what is wrong with the file.
            await fetcher.FetchAsync(stream, new TimeRange(0, 0), cancellationToken);
        }

        return extent;
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
