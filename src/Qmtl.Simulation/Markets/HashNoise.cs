namespace Qmtl.Simulation.Markets;

/// <summary>
/// Numbers that look random and follow from a seed and a position alone, so that any bar can be computed by itself. Only
/// additions, multiplications and shifts are used: every machine gets the same bits.
/// </summary>
internal static class HashNoise
{
    /// <summary>64 well-mixed bits of a seed and a position (the finalizer of SplitMix64).</summary>
    public static ulong Bits(ulong seed, long position)
    {
        ulong bits = seed + ((ulong)position * 0x9E3779B97F4A7C15);
        bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9;
        bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EB;
        return bits ^ (bits >> 31);
    }

    /// <summary>A number from 0 up to, not including, 1.</summary>
    public static double Share(ulong seed, long position) => (Bits(seed, position) >> 11) * (1.0 / (1UL << 53));

    /// <summary>Value noise from -1 to 1: a random value at each multiple of <paramref name="period"/>, and a smooth way between.</summary>
    public static double Smooth(ulong seed, long position, long period)
    {
        long cell = Math.DivRem(position, period, out long offset);
        if (offset < 0)
        {
            (cell, offset) = (cell - 1, offset + period);
        }

        double way = offset / (double)period;
        double from = Share(seed, cell);
        double to = Share(seed, cell + 1);
        return (2 * (from + ((to - from) * way * way * (3 - (2 * way))))) - 1;
    }

    /// <summary>A seed of its own for each use and name.</summary>
    public static ulong Seed(long seed, string name)
    {
        ulong bits = Bits((ulong)seed, name.Length);
        foreach (char character in name)
        {
            bits = Bits(bits, character);
        }

        return bits;
    }
}
