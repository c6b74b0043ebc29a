using System.Management.Automation;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.Time;

namespace Qmtl.PowerShell.Scripting;

/// <summary>
/// A source made of any object with a <c>Fetch(start, end, nodeId, interval)</c> method; properties Name, BarsPerRequest and
/// EarliestBar are honoured. Script runs on the pipeline thread; a .NET method is the engine's matter.
/// </summary>
internal sealed class DuckTypedFetcher : IDataFetcher
{
    private readonly Func<StreamKey, TimeRange, CancellationToken, Task<RawBars>> _fetch;
    private readonly long? _earliestBar;

    private DuckTypedFetcher(DuckTypedObject target, string method, string typeName, string? name, int? barsPerRequest)
    {
        _fetch = target.IsScript(method)
            ? async (stream, range, cancellationToken) => ScriptRows.ToRawBars(
                await target.FetchAsync(method, [range.Start, range.End, stream.NodeId, stream.Interval], cancellationToken))
            : new ObjectFetcher(target.Identity).FetchAsync;
        Name = name ?? target.GetProperty("Name") as string ?? DefaultName(target, method, typeName);
        BarsPerRequest = barsPerRequest ?? ReadBarsPerRequest(target, typeName);
        if (target.GetProperty("EarliestBar") is { } earliest)
        {
            _earliestBar = TimestampValue.TryRead(earliest, out long timestamp)
                ? timestamp
                : throw new ArgumentException(
                    $"The property EarliestBar of the {typeName} is '{earliest}', which is not a time. Make it Unix seconds or a "
                        + $"DateTime.");
        }
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public int? BarsPerRequest { get; }

    /// <summary>A fetcher over <paramref name="target"/>, or null where it has no such method.</summary>
    /// <exception cref="ArgumentException">A property that the object has cannot be what it says.</exception>
    public static DuckTypedFetcher? TryCreate(PSObject target, string? name = null, int? barsPerRequest = null)
    {
        var duck = new DuckTypedObject(target);
        return duck.FindAnsweringMethod("Fetch", "FetchAsync") is { } method
            ? new DuckTypedFetcher(duck, method, DuckTypedObject.TypeName(target), name, barsPerRequest)
            : null;
    }

    /// <inheritdoc/>
    public long? GetEarliestBar(StreamKey stream) => _earliestBar;

    /// <inheritdoc/>
    public async Task<RawBars> FetchAsync(StreamKey stream, TimeRange range, CancellationToken cancellationToken)
    {
        try
        {
            return await _fetch(stream, range, cancellationToken);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested && exception is not SourceException)
        {
            throw ScriptFailure.ToSourceException(Name, exception);
        }
    }

    /// <inheritdoc/>
    public override string ToString() => Name;

    private static string DefaultName(DuckTypedObject target, string method, string typeName) =>
        target.GetScript(method) is { } script ? ScriptBlockFetcher.NameOf(script) : $"object:{typeName}";

    private static int? ReadBarsPerRequest(DuckTypedObject target, string typeName)
    {
        object? value = target.GetProperty("BarsPerRequest");
        if (value is null)
        {
            return null;
        }

        return LanguagePrimitives.TryConvertTo(value, out int bars) && bars >= 1
            ? bars
            : throw new ArgumentException(
                $"The property BarsPerRequest of the {typeName} is '{value}', which is not a whole number from 1. Correct it, or leave it "
                    + $"out.");
    }
}
