using System.Buffers;
using System.Globalization;

namespace Qmtl.Data;

/// <summary>Reads numbers that are text, and the words that stand for no number.</summary>
internal static class ValueText
{
    private static readonly HashSet<string> AbsentWords = new(StringComparer.OrdinalIgnoreCase)
    {
        "null", "nil", "none", "nan", "-nan", "n/a", "#n/a", "na", "<na>", "-", "--", "—",
    };

    private static readonly SearchValues<char> Signs = SearchValues.Create("\u066b\u2212\u200e\u200f\u061c");

    /// <summary>Whether the text, where a number is due, says that there is none.</summary>
    public static bool IsAbsent(string text)
    {
        ReadOnlySpan<char> word = text.AsSpan().Trim();
        return word.IsEmpty || AbsentWords.GetAlternateLookup<ReadOnlySpan<char>>().Contains(word);
    }

    /// <summary>
    /// Reads a number as every program writes it: digits, a point, an exponent, and no thousands separators. The Arabic decimal point, the
    /// minus of typographers and marks of direction, which .NET writes in Persian and Arabic, mean nothing else and are taken too.
    /// </summary>
    public static bool TryReadNumber(string text, out double number) =>
        (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out number)
            || (text.AsSpan().ContainsAny(Signs)
                && double.TryParse(WithPlainSigns(text), NumberStyles.Float, CultureInfo.InvariantCulture, out number)))
        && !double.IsNaN(number);

    /// <summary>Reads a whole number of 64 bits.</summary>
    public static bool TryReadWhole(string text, out long number) =>
        long.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out number);

    /// <summary>The value as every program writes it: the invariant culture, <c>true</c> and <c>false</c>; null for null.</summary>
    public static string? Of<T>(T value) => value switch
    {
        null => null,
        string text => text,
        bool flag => flag ? "true" : "false",
        IFormattable formattable => formattable.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString(),
    };

    private static string WithPlainSigns(string text) => string.Concat(text.Select(character => character switch
    {
        '\u066b' => ".",
        '\u2212' => "-",
        '\u200e' or '\u200f' or '\u061c' => string.Empty,
        _ => character.ToString(),
    }));
}
