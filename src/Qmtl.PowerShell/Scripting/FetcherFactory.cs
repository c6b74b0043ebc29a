using System.Management.Automation;
using Qmtl.Fetching;

namespace Qmtl.PowerShell.Scripting;

/// <summary>Makes a fetcher of whatever an operator has.</summary>
internal static class FetcherFactory
{
    /// <summary>The fetcher that <paramref name="value"/> is or can be.</summary>
    /// <param name="value">A fetcher, a script block, or an object with a Fetch method.</param>
    /// <param name="name">The source's name, in place of the one it would have.</param>
    /// <param name="barsPerRequest">The most bars a request spans, in place of what the object says.</param>
    /// <exception cref="ArgumentException">It is none of these.</exception>
    public static IDataFetcher From(object value, string? name = null, int? barsPerRequest = null)
    {
        PSObject wrapped = PSObject.AsPSObject(value);
        return wrapped.BaseObject switch
        {
            IDataFetcher fetcher => fetcher,
            ScriptBlock script => new ScriptBlockFetcher(script, name, barsPerRequest),
            string text =>
                throw new ArgumentException(
                    $"The text '{text}' is not a fetcher. Make one with New-QmtlFetcher -Binance or -Path, or give a script block in "
                        + $"braces."),
            _ => DuckTypedFetcher.TryCreate(wrapped, name, barsPerRequest) ?? throw new ArgumentException(
                $"An object of type {DuckTypedObject.TypeName(wrapped)} is not a fetcher: it has no Fetch(start, end, nodeId, interval) "
                    + $"method. Give the object that method, a script block, or a fetcher of New-QmtlFetcher."),
        };
    }
}
