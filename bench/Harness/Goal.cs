using System.Globalization;

namespace Qmtl.Bench.Harness;

/// <summary>What a ratio of two times has to be, or what is made of ours alone.</summary>
internal sealed record Goal(string Text, Func<double, bool> IsMet, Func<double, double, double> Ratio, string Unit = "")
{
    /// <summary>Ours must reach at least this multiple of the other side's speed.</summary>
    public static Goal SpeedAtLeast(double factor) => new(
        string.Create(CultureInfo.InvariantCulture, $"at least {factor} times its speed"), ratio => ratio >= factor, (ours, other) => other / ours);

    /// <summary>Ours may take at most this multiple of the other side's time.</summary>
    public static Goal TimeAtMost(double factor) => new(
        string.Create(CultureInfo.InvariantCulture, $"at most {factor} times its time"), ratio => ratio <= factor, (ours, other) => ours / other);

    /// <summary>Ours must do at least so many million of <paramref name="items"/> a second; there is no other side.</summary>
    public static Goal RateAtLeast(double millions, long items, string unit) => new(
        string.Create(CultureInfo.InvariantCulture, $"at least {millions} M {unit}/s"), rate => rate >= millions, (ours, _) => items / 1e6 / ours, $" M {unit}/s");

    /// <summary>Ours may take at most so many seconds; there is no other side.</summary>
    public static Goal SecondsAtMost(double seconds) => new(
        string.Create(CultureInfo.InvariantCulture, $"at most {seconds} s"), took => took <= seconds, (ours, _) => ours, " s");

    /// <summary>Measured and printed, with no goal of its own.</summary>
    public static Goal None { get; } = new("–", _ => true, (ours, other) => ours / other);
}
