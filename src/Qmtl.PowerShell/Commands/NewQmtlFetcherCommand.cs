using System.Management.Automation;
using Qmtl.Fetching;
using Qmtl.Fetching.Binance;
using Qmtl.Fetching.Csv;
using Qmtl.PowerShell.Arguments;
using Qmtl.PowerShell.Pipeline;
using Qmtl.PowerShell.Scripting;

namespace Qmtl.PowerShell.Commands;

/// <summary>Makes a source of bars: Binance, a CSV file, a script block or an object with a Fetch method.</summary>
[Cmdlet(VerbsCommon.New, "QmtlFetcher", DefaultParameterSetName = ScriptBlockSet)]
[OutputType(typeof(IDataFetcher))]
public sealed class NewQmtlFetcherCommand : PSCmdlet
{
    private const string BinanceSet = "Binance";
    private const string PathSet = "Path";
    private const string ScriptBlockSet = "ScriptBlock";
    private const string InputObjectSet = "InputObject";

    /// <summary>Candles of the Binance spot market; the node id is the symbol.</summary>
    [Parameter(Mandatory = true, ParameterSetName = BinanceSet)]
    public SwitchParameter Binance { get; set; }

    /// <summary>Where the REST API is; the exchange's own by default.</summary>
    [Parameter(ParameterSetName = BinanceSet)]
    [ValidateNotNull]
    public Uri? BaseUri { get; set; }

    /// <summary>A CSV file with a ts column and the payload.</summary>
    [Parameter(Mandatory = true, ParameterSetName = PathSet)]
    [ValidateNotNullOrEmpty]
    public string? Path { get; set; }

    /// <summary>A script block that is called with ($start, $end, $nodeId, $interval) and emits rows.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = ScriptBlockSet)]
    [ValidateNotNull]
    public ScriptBlock? ScriptBlock { get; set; }

    /// <summary>An object with a Fetch(start, end, nodeId, interval) method.</summary>
    [Parameter(Mandatory = true, ParameterSetName = InputObjectSet)]
    [ValidateNotNull]
    public PSObject? InputObject { get; set; }

    /// <summary>The source's name, under which what it does not have is remembered.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Name { get; set; }

    /// <summary>The most bars that one request spans.</summary>
    [Parameter(ParameterSetName = BinanceSet)]
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
            ThrowTerminatingError(ErrorRecords.From(exception, Path ?? (object?)BaseUri ?? InputObject));
        }
    }

    private IDataFetcher Create() => ParameterSetName switch
    {
        BinanceSet => new BinanceFetcher(BinanceOptions()),
        PathSet => CsvFetcher.OfFile(ArgumentPath.Resolve(this, Path!), Name),
        ScriptBlockSet => FetcherFactory.From(ScriptBlock!, Name, BarsPerRequest),
        _ => FetcherFactory.From(InputObject!, Name, BarsPerRequest),
    };

    private BinanceFetcherOptions BinanceOptions()
    {
        var options = new BinanceFetcherOptions { Name = Name };
        if (BaseUri is not null)
        {
            options = options with { BaseUri = BaseUri };
        }

        return BarsPerRequest is { } bars ? options with { BarsPerRequest = bars } : options;
    }
}
