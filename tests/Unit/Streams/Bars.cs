using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.Unit.Streams;

/// <summary>Bars of one minute with a close each, in few words.</summary>
internal static class Bars
{
    public static BarInterval Minute { get; } = BarInterval.FromSeconds(60);

    /// <summary>The bars at these minutes since the epoch; a bar's close is its minute.</summary>
    public static BarFrame AtMinutes(params IEnumerable<int> minutes) => AtMinutes(minutes, minute => minute);

    /// <summary>The bars at these minutes since the epoch, with closes of the caller's.</summary>
    public static BarFrame AtMinutes(IEnumerable<int> minutes, Func<int, double> close)
    {
        int[] all = [.. minutes];
        return new BarFrame(Minute, Array.ConvertAll(all, minute => minute * 60L), [new BarColumn<double>("close", Array.ConvertAll(all, minute => close(minute)))]);
    }

    /// <summary>A range of minutes since the epoch, both ends included.</summary>
    public static TimeRange Minutes(int first, int last) => new(first * 60L, last * 60L);

    /// <summary>The minutes since the epoch of a frame's bars.</summary>
    public static int[] MinutesOf(BarFrame frame) => [.. frame.Rows.Select(row => (int)(row.Timestamp / 60))];
}
