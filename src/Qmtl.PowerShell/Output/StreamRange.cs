using System.Management.Automation;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.PowerShell.Output;

/// <summary>
/// Consecutive bars of one stream in one provider. Its properties bind by name to the parameters of the commands that take ranges; to
/// .NET, and to what travels, they are texts and numbers, and to scripts what the Get methods give (see <see cref="ShellProperties"/>).
/// </summary>
public abstract class StreamRange
{
    private readonly IHistoryProvider? _provider;
    private readonly StreamKey _stream;

    private protected StreamRange(IHistoryProvider? provider, StreamKey stream, TimeRange range)
    {
        _provider = provider;
        _stream = stream;
        StartTimestamp = range.Start;
        EndTimestamp = range.End;
        Bars = range.CountBars(stream.Interval);
    }

    /// <summary>The stream's node id.</summary>
    public string NodeId => _stream.NodeId;

    /// <summary>The length of the stream's bars.</summary>
    public string Interval => _stream.Interval.ToString();

    /// <summary>The open of the first bar, UTC.</summary>
    public string Start => UnixTime.Format(StartTimestamp);

    /// <summary>The open of the last bar, UTC; it is inside.</summary>
    public string End => UnixTime.Format(EndTimestamp);

    /// <summary>How many bars of the interval open inside.</summary>
    public long Bars { get; }

    /// <summary>The open of the first bar: Unix seconds, UTC.</summary>
    public long StartTimestamp { get; }

    /// <summary>The open of the last bar: Unix seconds, UTC; it is inside.</summary>
    public long EndTimestamp { get; }

    /// <summary>Whose history this is about; null for a stream without a provider.</summary>
    public string? Provider => _provider?.DisplayName;

    /// <summary>The node id; where a terminal would obey it, it is written out.</summary>
    public static object? GetNodeId(PSObject range) => OutsideText.Of((range?.BaseObject as StreamRange)?.NodeId);

    /// <summary>The interval itself.</summary>
    public static BarInterval? GetInterval(PSObject range) => (range?.BaseObject as StreamRange)?._stream.Interval;

    /// <summary>The start as a time.</summary>
    public static UtcTime? GetStart(PSObject range) =>
        range?.BaseObject is StreamRange { StartTimestamp: var start } ? UtcTime.Of(start) : null;

    /// <summary>The end as a time.</summary>
    public static UtcTime? GetEnd(PSObject range) => range?.BaseObject is StreamRange { EndTimestamp: var end } ? UtcTime.Of(end) : null;

    /// <summary>The provider itself.</summary>
    public static IHistoryProvider? GetProvider(PSObject range) => (range?.BaseObject as StreamRange)?._provider;

    /// <summary>The stream and the range, in words.</summary>
    public override string ToString() => $"{NodeId} {Interval} {new TimeRange(StartTimestamp, EndTimestamp)}";
}
