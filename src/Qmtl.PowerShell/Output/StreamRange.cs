using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.PowerShell.Output;

/// <summary>
/// Consecutive bars of one stream in one provider. Its properties bind by name to the parameters of the commands that take ranges.
/// </summary>
public abstract class StreamRange
{
    private protected StreamRange(IHistoryProvider? provider, StreamKey stream, TimeRange range)
    {
        Provider = provider;
        NodeId = stream.NodeId;
        Interval = stream.Interval;
        StartTimestamp = range.Start;
        EndTimestamp = range.End;
        Bars = range.CountBars(stream.Interval);
    }

    /// <summary>The stream's node id.</summary>
    public string NodeId { get; }

    /// <summary>The length of the stream's bars.</summary>
    public BarInterval Interval { get; }

    /// <summary>The open of the first bar, UTC.</summary>
    public UtcTime Start => UtcTime.Of(StartTimestamp);

    /// <summary>The open of the last bar, UTC; it is inside.</summary>
    public UtcTime End => UtcTime.Of(EndTimestamp);

    /// <summary>How many bars of the interval open inside.</summary>
    public long Bars { get; }

    /// <summary>The open of the first bar: Unix seconds, UTC.</summary>
    public long StartTimestamp { get; }

    /// <summary>The open of the last bar: Unix seconds, UTC; it is inside.</summary>
    public long EndTimestamp { get; }

    /// <summary>Whose history this is about; null for a stream without a provider.</summary>
    public IHistoryProvider? Provider { get; }

    /// <summary>The stream and the range, in words.</summary>
    public override string ToString() => $"{NodeId} {Interval} {new TimeRange(StartTimestamp, EndTimestamp)}";
}
