using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.Strategies;

/// <summary>Bars are missing where <see cref="OnMissing.Fail"/> allows none.</summary>
public sealed class MissingBarsException : Exception
{
    /// <summary>The bars of <paramref name="stream"/> inside <paramref name="bars"/> are missing.</summary>
    public MissingBarsException(StreamKey stream, TimeRange bars)
        : base($"{stream} lacks {Describe(stream, bars)}. Fill them, or run with {nameof(OnMissing.Skip)} to leave such steps out.")
    {
        Stream = stream;
        Bars = bars;
    }

    /// <summary>The stream that lacks them.</summary>
    public StreamKey Stream { get; }

    /// <summary>The first hole, by the bars' opens (Unix seconds, UTC), both ends included.</summary>
    public TimeRange Bars { get; }

    private static string Describe(StreamKey stream, TimeRange bars) => bars.Start == bars.End
        ? $"the bar of {UnixTime.Format(bars.Start)}"
        : $"{bars.CountBars(stream.Interval)} bars from {UnixTime.Format(bars.Start)} to {UnixTime.Format(bars.End)}";
}
