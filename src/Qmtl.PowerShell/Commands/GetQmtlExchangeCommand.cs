using System.Management.Automation;
using Qmtl.Fetching.Exchanges;
using Qmtl.PowerShell.Arguments;
using Qmtl.PowerShell.Pipeline;

namespace Qmtl.PowerShell.Commands;

/// <summary>Shows the exchanges that can be asked for candles, and what is known of each.</summary>
[Cmdlet(VerbsCommon.Get, "QmtlExchange", DefaultParameterSetName = NameSet)]
[OutputType(typeof(ExchangeProfile))]
public sealed class GetQmtlExchangeCommand : PSCmdlet
{
    private const string NameSet = "Name";
    private const string ProfileSet = "Profile";

    /// <summary>Names, with wildcards; all by default.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ParameterSetName = NameSet)]
    [ArgumentCompleter(typeof(ExchangeCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Name { get; set; } = ["*"];

    /// <summary>A file that describes an exchange; it is checked wholly.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ProfileSet)]
    [ValidateNotNullOrEmpty]
    public string? Profile { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (Profile is not null)
        {
            Write(() => ExchangeCatalog.Load(ArgumentPath.Resolve(this, Profile)), Profile);
            return;
        }

        foreach (string name in Name)
        {
            if (!WildcardPattern.ContainsWildcardCharacters(name))
            {
                Write(() => ExchangeCatalog.Get(name), name);
                continue;
            }

            var pattern = new WildcardPattern(name, WildcardOptions.IgnoreCase);
            foreach (string known in ExchangeCatalog.Names.Where(pattern.IsMatch))
            {
                WriteObject(ExchangeCatalog.Get(known));
            }
        }
    }

    private void Write(Func<ExchangeProfile> find, string target)
    {
        try
        {
            WriteObject(find());
        }
        catch (Exception exception) when (ErrorRecords.IsForOperator(exception))
        {
            WriteError(ErrorRecords.From(exception, target));
        }
    }
}
