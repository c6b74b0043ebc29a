using System.Buffers.Text;

namespace Qmtl.Fetching.Http;

/// <summary>Reads an amount as exchanges write it.</summary>
internal static class AmountText
{
    // Whole numbers up to this, and powers of ten up to 22, are doubles exactly, so that one division of them is rounded once, to the
    // double next to the text. (Clinger, "How to read floating point numbers accurately", 1990.)
    private const ulong MostExact = 1UL << 53;
    private const int MostDigits = 18;

    private static readonly double[] Powers =
        [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18];

    /// <summary>Reads all of the text; false where it is no number.</summary>
    /// <remarks>
    /// The runtime's reader serves any text. Prices and volumes are short and plain, of which there are ten million in a year of
    /// minutes, and these take a third of its time here.
    /// </remarks>
    public static bool TryRead(ReadOnlySpan<byte> text, out double amount)
    {
        ulong digits = 0;
        int point = -1;
        for (int i = 0; i < text.Length; i++)
        {
            uint digit = (uint)(text[i] - '0');
            if (digit <= 9)
            {
                digits = (digits * 10) + digit;
            }
            else if (text[i] == '.' && point < 0 && i > 0)
            {
                point = i;
            }
            else
            {
                return TryReadAny(text, out amount);
            }
        }

        int fraction = point < 0 ? 0 : text.Length - 1 - point;
        int count = point < 0 ? text.Length : text.Length - 1;
        if (count is 0 or > MostDigits || digits > MostExact || (point >= 0 && fraction == 0))
        {
            return TryReadAny(text, out amount);
        }

        amount = digits / Powers[fraction];
        return true;
    }

    private static bool TryReadAny(ReadOnlySpan<byte> text, out double amount) =>
        Utf8Parser.TryParse(text, out amount, out int length) && length == text.Length;
}
