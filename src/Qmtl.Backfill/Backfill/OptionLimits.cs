namespace Qmtl.Backfill;

/// <summary>Checks options against their limits.</summary>
internal static class OptionLimits
{
    /// <summary>Does nothing where <paramref name="value"/> is within its limits, both included.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is outside; the message names the option and its limits.</exception>
    public static void RequireBetween<T>(T value, T least, T most, string name)
        where T : IComparable<T>
    {
        if (value.CompareTo(least) < 0 || value.CompareTo(most) > 0)
        {
            throw new ArgumentOutOfRangeException(name, value, $"{name} must be from {least} to {most}.");
        }
    }
}
