using System.Management.Automation;
using System.Net;
using Qmtl.Fetching;
using Qmtl.PowerShell.Arguments;
using Qmtl.PowerShell.Pipeline;
using Qmtl.PowerShell.Scripting;

namespace Qmtl.PowerShell.Commands;

/// <summary>Makes a source of bars: an exchange, also one that a profile describes, a file, a script block or an object.</summary>
[Cmdlet(VerbsCommon.New, "QmtlFetcher", DefaultParameterSetName = ScriptBlockSet)]
[OutputType(typeof(IDataFetcher))]
public sealed class NewQmtlFetcherCommand : PSCmdlet
{
    private const string BinanceSet = "Binance";
    private const string ExchangeSet = "Exchange";
    private const string ProfileSet = "Profile";
    private const string PathSet = "Path";
    private const string ScriptBlockSet = "ScriptBlock";
    private const string InputObjectSet = "InputObject";

    /// <summary>Candles of the Binance spot market; the node id is the symbol.</summary>
    [Parameter(Mandatory = true, ParameterSetName = BinanceSet)]
    public SwitchParameter Binance { get; set; }

    /// <summary>Candles of the exchange of that name; see Get-QmtlExchange.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ExchangeSet)]
    [ArgumentCompleter(typeof(ExchangeCompleter))]
    [ValidateNotNullOrEmpty]
    public string? Exchange { get; set; }

    /// <summary>A file that describes an exchange.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ProfileSet)]
    [ValidateNotNullOrEmpty]
    public string? Profile { get; set; }

    /// <summary>The exchange's word for what a node is of: a text, a dictionary of node ids, or a script block.</summary>
    [Parameter(ParameterSetName = BinanceSet)]
    [Parameter(ParameterSetName = ExchangeSet)]
    [Parameter(ParameterSetName = ProfileSet)]
    [ValidateNotNullOrEmpty]
    public object? Symbol { get; set; }

    /// <summary>The key of an exchange that asks for one; from the environment by default.</summary>
    [Parameter(ParameterSetName = ExchangeSet)]
    [Parameter(ParameterSetName = ProfileSet)]
    [ValidateNotNull]
    [Credential]
    public PSCredential? Credential { get; set; }

    /// <summary>Where the REST API is; the exchange's own by default.</summary>
    [Parameter(ParameterSetName = BinanceSet)]
    [Parameter(ParameterSetName = ExchangeSet)]
    [Parameter(ParameterSetName = ProfileSet)]
    [ValidateNotNull]
    public Uri? BaseUri { get; set; }

    /// <summary>A file of bars: CSV, JSON, Feather or Parquet, also in gzip or zip.</summary>
    [Parameter(Mandatory = true, ParameterSetName = PathSet)]
    [ValidateNotNullOrEmpty]
    public string? Path { get; set; }

    /// <summary>What separates the fields of a CSV file, where that is not found.</summary>
    [Parameter(ParameterSetName = PathSet)]
    public char? Delimiter { get; set; }

    /// <summary>How a CSV file writes numbers and dates, where that is not found: a culture's name.</summary>
    [Parameter(ParameterSetName = PathSet)]
    [ValidateNotNullOrEmpty]
    public string? Culture { get; set; }

    /// <summary>The names of all columns of a file without any, in their order.</summary>
    [Parameter(ParameterSetName = PathSet)]
    [ValidateNotNullOrEmpty]
    public string[]? Header { get; set; }

    /// <summary>A script block that is called with ($start, $end, $nodeId, $interval) and emits rows.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = ScriptBlockSet)]
    [ValidateNotNull]
    public ScriptBlock? ScriptBlock { get; set; }

    /// <summary>An object with a Fetch(start, end, nodeId, interval) method.</summary>
    [Parameter(Mandatory = true, ParameterSetName = InputObjectSet)]
    [ValidateNotNull]
    public PSObject? InputObject { get; set; }

    /// <summary>Do not take whole months and days from the files that the exchange publishes.</summary>
    [Parameter(ParameterSetName = BinanceSet)]
    [Parameter(ParameterSetName = ExchangeSet)]
    [Parameter(ParameterSetName = ProfileSet)]
    public SwitchParameter NoBulk { get; set; }

    /// <summary>The source's name, under which what it does not have is remembered.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Name { get; set; }

    /// <summary>The most bars that one request spans.</summary>
    [Parameter(ParameterSetName = BinanceSet)]
    [Parameter(ParameterSetName = ExchangeSet)]
    [Parameter(ParameterSetName = ProfileSet)]
    [Parameter(ParameterSetName = ScriptBlockSet)]
    [Parameter(ParameterSetName = InputObjectSet)]
    [ValidateRange(1, int.MaxValue)]
    public int? BarsPerRequest { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        try
        {
            WriteObject(Create());
        }
        catch (Exception exception) when (ErrorRecords.IsForOperator(exception))
        {
            ThrowTerminatingError(ErrorRecords.From(exception, Path ?? Profile ?? Exchange ?? (object?)BaseUri ?? InputObject));
        }
    }

    private IDataFetcher Create() => ParameterSetName switch
    {
        ExchangeSet when SourceFactory.IsProfile(Exchange!) => OpenExchange(SourceFactory.OfProfile(ArgumentPath.Resolve(this, Exchange!))),
        BinanceSet or ExchangeSet => OpenExchange(NamedExchange(Exchange ?? "binance")),
        ProfileSet => OpenExchange(SourceFactory.OfProfile(ArgumentPath.Resolve(this, Profile!))),
        PathSet => OpenFile(ArgumentPath.Resolve(this, Path!)),
        ScriptBlockSet => FetcherFactory.From(ScriptBlock!, Name, BarsPerRequest),
        _ => FetcherFactory.From(InputObject!, Name, BarsPerRequest),
    };

    private IDataFetcher OpenFile(string path) => SourceFactory.OfFile(path).Open(
        new() { Path = path, Name = Name, Delimiter = Delimiter, Culture = Culture, Header = Header });

    private static SourceKind NamedExchange(string name) => SourceFactory.Find(name) is { IsFile: false } kind
        ? kind
        : throw new ArgumentException($"'{name}' is no exchange but a kind of file. Name the file with -Path.");

    private IDataFetcher OpenExchange(SourceKind kind) => kind.Open(new()
    {
        BaseUri = BaseUri,
        Name = Name,
        BarsPerRequest = BarsPerRequest,
        UseBulkFiles = !NoBulk,
        Symbol = Symbol is null ? null : SymbolNames.From(Symbol),
        Credential = Credential is null ? null : new NetworkCredential(Credential.UserName, Credential.Password),
    });
}
