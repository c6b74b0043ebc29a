using Qmtl.Data;

namespace Qmtl.Bench.Data;

/// <summary>Candles of six columns for measuring caches: frames in memory, made once.</summary>
internal static class CacheFrames
{
    public static readonly string[] Names = ["open", "high", "low", "close", "volume", "quote_volume"];

    /// <summary>Bars from the <paramref name="first"/> minute on, every <paramref name="step"/>-th.</summary>
    public static BarFrame Make(int bars, int first = 0, int step = 1)
    {
        long[] timestamps = new long[bars];
        double[][] columns = Array.ConvertAll(Names, _ => new double[bars]);
        for (int i = 0; i < bars; i++)
        {
            timestamps[i] = SyntheticBars.Start + (first + (long)i * step) * SyntheticBars.Minute.Seconds;
            for (int column = 0; column < columns.Length; column++)
            {
                columns[column][i] = i + column * 0.125;
            }
        }

        return new BarFrame(SyntheticBars.Minute, timestamps, [.. Names.Zip(columns, (name, values) => new BarColumn<double>(name, values))]);
    }
}
