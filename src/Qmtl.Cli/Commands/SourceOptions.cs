using System.CommandLine;
using Qmtl.Cli.Hosting;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.Fetching.Binance;
using Qmtl.Fetching.Csv;
using Qmtl.Messages;
using Qmtl.Time;

namespace Qmtl.Cli.Commands;

/// <summary>The options that say where bars come from: <c>--source</c>, <c>--base-uri</c>, <c>--file</c>.</summary>
internal sealed class SourceOptions
{
    private const string Binance = "binance";
    private const string Csv = "csv";

    private readonly Option<string?> _source;

    private readonly Option<Uri?> _baseUri = new("--base-uri")
    {
        Description = "Where the REST API of --source binance is. Default: https://api.binance.com.",
        HelpName = "uri",
        CustomParser = OptionParsing.Using<Uri?>(text =>
            Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) && (uri.Scheme == Uri.UriSchemeHttp || uri.Scheme == Uri.UriSchemeHttps)
                ? uri
                : throw new FormatException($"'{text}' is not an http or https address, for example https://data-api.binance.vision.")),
    };

    private readonly Option<string?> _file = new("--file")
    {
        Description = "The file of --source csv: a header, a ts column (seconds, milliseconds, microseconds or ISO 8601), any payload and, where it holds several nodes, a node_id column.",
        HelpName = "path",
    };

    public SourceOptions(Command command)
    {
        _source = new Option<string?>("--source")
        {
            Description = "binance or csv. Default: csv where --file is given, otherwise binance.",
            HelpName = "name",
        };
        _source.AcceptOnlyFromAmong(Binance, Csv);
        command.Options.Add(_source);
        command.Options.Add(_baseUri);
        command.Options.Add(_file);
    }

    /// <summary>Makes the fetcher that the arguments name.</summary>
    /// <exception cref="UsageException">The options contradict one another, or the file does not exist.</exception>
    public IDataFetcher CreateFetcher(ParseResult arguments)
    {
        (Uri? baseUri, string? file) = (arguments.GetValue(_baseUri), arguments.GetValue(_file));
        string source = arguments.GetValue(_source) ?? (file is null ? Binance : Csv);
        if (source == Csv)
        {
            return baseUri is null
                ? CreateCsvFetcher(file)
                : throw new UsageException("--base-uri belongs to --source binance. Leave it out, or leave out --file.");
        }

        if (file is not null)
        {
            throw new UsageException("--file belongs to --source csv. Leave it out, or write --source csv.");
        }

        try
        {
            return new BinanceFetcher(baseUri is null ? null : new BinanceFetcherOptions { BaseUri = baseUri });
        }
        catch (ArgumentException exception)
        {
            throw UsageException.From(exception);
        }
    }

    /// <summary>All bars of <paramref name="stream"/> that the source has, where it can tell: a file can, an exchange cannot.</summary>
    /// <exception cref="SourceException">The file cannot be read, or it has no row of the stream.</exception>
    public static async Task<TimeRange?> FindExtentAsync(IDataFetcher fetcher, StreamKey stream, CancellationToken cancellationToken)
    {
        if (fetcher is not CsvFetcher csv)
        {
            return null;
        }

        TimeRange? extent = csv.GetExtent(stream, cancellationToken);
        if (extent is null)
        {
            // Asking for any bar says what is wrong with the file.
            await csv.FetchAsync(stream, new TimeRange(0, 0), cancellationToken);
        }

        return extent;
    }

    private static CsvFetcher CreateCsvFetcher(string? file)
    {
        if (file is null)
        {
            throw new UsageException("--source csv needs --file.");
        }

        try
        {
            return CsvFetcher.OfFile(file);
        }
        catch (Exception exception) when (exception is ArgumentException or FileNotFoundException)
        {
            throw new UsageException($"--file: {PlainMessage.Of(exception)}", exception);
        }
    }
}
