using System.Buffers;
using System.Text;

namespace Qmtl.History.QuestDb.Ilp;

/// <summary>Text in the InfluxDB line protocol, escaped as QuestDB reads it.</summary>
internal static class IlpText
{
    private static readonly SearchValues<char> EscapedInNames = SearchValues.Create(" ,=\\\n\r");
    private static readonly SearchValues<char> EscapedInStrings = SearchValues.Create("\"\\\n\r");

    /// <summary>
    /// The name of a table or column, or a tag's value: space, comma, equals sign, backslash and line breaks after a backslash.
    /// </summary>
    public static void WriteName(string name, IlpBuffer buffer) => Write(name, EscapedInNames, buffer);

    /// <summary>A string in double quotes: those, the backslash and line breaks after a backslash.</summary>
    public static void WriteString(string value, IlpBuffer buffer)
    {
        buffer.Append((byte)'"');
        Write(value, EscapedInStrings, buffer);
        buffer.Append((byte)'"');
    }

    private static void Write(ReadOnlySpan<char> text, SearchValues<char> escaped, IlpBuffer buffer)
    {
        while (text.IndexOfAny(escaped) is >= 0 and int next)
        {
            Encoding.UTF8.GetBytes(text[..next], buffer);
            buffer.Append((byte)'\\');
            buffer.Append((byte)text[next]);
            text = text[(next + 1)..];
        }

        Encoding.UTF8.GetBytes(text, buffer);
    }
}
