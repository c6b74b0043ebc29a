using System.Management.Automation;
using System.Security.Cryptography;
using System.Text;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.Time;

namespace Qmtl.PowerShell.Scripting;

/// <summary>
/// A source made of a script block, which is called with ($start, $end, $nodeId, $interval): Unix seconds, both inclusive, the
/// node id, and the <see cref="BarInterval"/>. It emits rows one by one or in arrays, or nothing where there are no bars.
/// </summary>
internal sealed class ScriptBlockFetcher : IDataFetcher
{
    private readonly ScriptBlock _script;

    /// <summary>A source that calls <paramref name="script"/>.</summary>
    /// <param name="script">The script.</param>
    /// <param name="name">The source's name; null for one that follows from the script's text, so that it is the same tomorrow.</param>
    /// <param name="barsPerRequest">The most bars a call is asked for; null where the script does not say.</param>
    public ScriptBlockFetcher(ScriptBlock script, string? name = null, int? barsPerRequest = null)
    {
        _script = script;
        Name = name ?? NameOf(script);
        BarsPerRequest = barsPerRequest;
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public int? BarsPerRequest { get; }

    /// <summary>A name that follows from the script's text: <c>script:</c> and the first 12 hexadecimal digits of its SHA-256.</summary>
    public static string NameOf(ScriptBlock script) =>
        $"script:{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(script.ToString())).AsSpan(0, 6))}";

    /// <inheritdoc/>
    public async Task<RawBars> FetchAsync(StreamKey stream, TimeRange range, CancellationToken cancellationToken)
    {
        try
        {
            return ScriptRows.ToRawBars(
                await DuckTypedObject.FetchAsync(_script, [range.Start, range.End, stream.NodeId, stream.Interval], cancellationToken));
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested && exception is not SourceException)
        {
            throw ScriptFailure.ToSourceException(Name, exception);
        }
    }

    /// <inheritdoc/>
    public override string ToString() => Name;
}
