using System.Globalization;
using System.Text;

namespace Qmtl.Messages;

/// <summary>
/// The gate for text from outside (a source's error, a server's words, a file's cells, a name) on its way to a person: a terminal
/// obeys some characters and reorders others, and none of these must reach it as they are.
/// </summary>
public static class PlainText
{
    /// <summary>
    /// <paramref name="text"/> with each control, format (bidirectional marks, zero-width characters, tags) and lone surrogate
    /// character written out, for example <c>\u001b</c>. Line breaks and tabs stay. Text without any is returned as it is, and
    /// what was written out once is not changed by another call.
    /// </summary>
    public static string Escape(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        int first = FirstUnsafe(text);
        return first < 0 ? text : Write(text, first, int.MaxValue, oneLine: false);
    }

    /// <summary>As <see cref="Escape"/>, on one line: each run of white space becomes one blank, with none at the ends.</summary>
    /// <param name="text">Any text.</param>
    /// <param name="longest">How many characters of it are shown at most; an ellipsis follows where there are more.</param>
    public static string OneLine(string text, int longest = int.MaxValue)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentOutOfRangeException.ThrowIfNegative(longest);
        return Write(text, 0, longest, oneLine: true);
    }

    private static int FirstUnsafe(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (!char.IsBetween(text[i], ' ', '~'))
            {
                Rune.DecodeFromUtf16(text.AsSpan(i), out _, out int length);
                if (!IsLineBreakOrTab(text, i) && !IsSafe(text.AsSpan(i, length)))
                {
                    return i;
                }

                i += length - 1;
            }
        }

        return -1;
    }

    private static string Write(string text, int from, int longest, bool oneLine)
    {
        var written = new StringBuilder(text, 0, from, Math.Min(text.Length + 16, 1024));
        for (int i = from, length; i < text.Length; i += length)
        {
            Rune.DecodeFromUtf16(text.AsSpan(i), out Rune rune, out length);
            bool blank = oneLine && Rune.IsWhiteSpace(rune);
            if (blank && (written.Length == 0 || written[^1] == ' '))
            {
                continue;
            }

            ReadOnlySpan<char> character = text.AsSpan(i, length);
            int start = written.Length;
            if (blank)
            {
                written.Append(' ');
            }
            else if (IsSafe(character) || (!oneLine && IsLineBreakOrTab(text, i)))
            {
                written.Append(character);
            }
            else
            {
                WriteOut(written, character);
            }

            if (written.Length > longest && !(blank && text.AsSpan(i).IsWhiteSpace()))
            {
                written.Length = start;
                return written.Append('…').ToString();
            }
        }

        return oneLine ? written.ToString().TrimEnd(' ') : written.ToString();
    }

    private static void WriteOut(StringBuilder written, ReadOnlySpan<char> character)
    {
        foreach (char unit in character)
        {
            written.Append(CultureInfo.InvariantCulture, $"\\u{(int)unit:x4}");
        }
    }

    // A carriage return alone would have a terminal write over what stands in the line already.
    private static bool IsLineBreakOrTab(string text, int at) =>
        text[at] is '\n' or '\t' || (text[at] == '\r' && at + 1 < text.Length && text[at + 1] == '\n');

    private static bool IsSafe(ReadOnlySpan<char> character) =>
        Rune.DecodeFromUtf16(character, out Rune rune, out _) == System.Buffers.OperationStatus.Done
        && Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Control or UnicodeCategory.Format
            or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);
}

/// <summary>What an exception says to a person.</summary>
public static class PlainMessage
{
    /// <summary>
    /// The message without the name and value of the method's parameter that .NET appends, which mean nothing to an operator.
    /// </summary>
    public static string Of(Exception exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        return exception is ArgumentException { ParamName: { } name }
            ? exception.Message.Split($" (Parameter '{name}')", 2)[0]
            : exception.Message;
    }
}
