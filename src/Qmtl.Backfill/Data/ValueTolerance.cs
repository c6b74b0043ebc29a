using System.Globalization;

namespace Qmtl.Data;

/// <summary>How far two floating-point values may lie apart and still be the same: not at all, by default.</summary>
/// <param name="Absolute">By so much, whatever they are.</param>
/// <param name="Relative">And by such a part of the other's value.</param>
internal readonly record struct ValueTolerance(double Absolute, double Relative)
{
    /// <summary>Whether values have to be the same.</summary>
    public bool IsNone => this == default;

    /// <summary>Reads what an operator writes: 0.01 for an absolute tolerance, 0.01% for one in relation to the other's value.</summary>
    /// <exception cref="ArgumentException">It is neither.</exception>
    public static ValueTolerance Parse(string text)
    {
        ReadOnlySpan<char> number = text.AsSpan().Trim();
        bool isPart = number.EndsWith("%");
        return double.TryParse(isPart ? number[..^1] : number, NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
            && IsUsable(value)
                ? new ValueTolerance(isPart ? 0 : value, isPart ? value / 100 : 0)
                : throw new ArgumentException(
                    $"'{text}' is no tolerance. Write how far values may lie apart, such as 0.01 or 1e-8, or by which part of the other's "
                        + "value, such as 0.01%.");
    }

    /// <summary>Whether it can be one: a number that is not below zero.</summary>
    public static bool IsUsable(double value) => value >= 0 && double.IsFinite(value);

    /// <summary>Whether the two lie no further apart.</summary>
    public bool Allows(double stored, double other) => Math.Abs(stored - other) <= Absolute + (Relative * Math.Abs(other));
}
