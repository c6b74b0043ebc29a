using System.Globalization;

namespace Qmtl.Bench.Harness;

/// <summary>What a ratio of two times has to be.</summary>
internal sealed record Goal(string Text, Func<double, bool> IsMet, Func<double, double, double> Ratio)
{
    /// <summary>Ours must reach at least this multiple of the other side's speed.</summary>
    public static Goal SpeedAtLeast(double factor) => new(
        string.Create(CultureInfo.InvariantCulture, $"at least {factor} times its speed"), ratio => ratio >= factor, (ours, other) => other / ours);

    /// <summary>Ours may take at most this multiple of the other side's time.</summary>
    public static Goal TimeAtMost(double factor) => new(
        string.Create(CultureInfo.InvariantCulture, $"at most {factor} times its time"), ratio => ratio <= factor, (ours, other) => ours / other);

    /// <summary>Measured and printed, with no goal of its own.</summary>
    public static Goal None { get; } = new("–", _ => true, (ours, other) => other / ours);
}
