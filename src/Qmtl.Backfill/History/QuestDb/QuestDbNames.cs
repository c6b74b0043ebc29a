using System.Buffers;
using System.Globalization;
using System.Text;

namespace Qmtl.History.QuestDb;

/// <summary>
/// Spells any name so that QuestDB takes it for a table or a column, and reads it back: a character that it refuses becomes
/// <c>^</c> and two hexadecimal digits for each byte of its UTF-8, so <c>BTC/USDT</c> is the table <c>BTC^2FUSDT</c>.
/// </summary>
/// <remarks>
/// The rules were found by trying every character up to U+0180 and some beyond on QuestDB 9.3.5. It refuses many in names, among them the
/// usual escape signs <c>%</c> and <c>~</c>; <c>^</c> it takes, and node ids rarely hold one. A <c>^</c> is itself escaped only where it
/// would be taken for the beginning of an escape, so a name that is fine as it is stays as it is.
/// </remarks>
internal static class QuestDbNames
{
    /// <summary>The longest name in UTF-16 characters (the server's <c>cairo.max.file.name.length</c>).</summary>
    public const int MaximumCharacters = 127;

    // A table is a folder, and file systems keep 255 bytes of a name; the server appends ~ and a number to it.
    private const int MaximumBytes = 240;

    private const char Escape = '^';

    // What stands for the end of a name that is too long; no escape begins so.
    private const char HashMark = '#';

    // Everything below U+0010 is refused; the other control characters are not, but would make a folder that nobody can type. A table
    // with ` at its ends can be made, and is then not found.
    private static readonly SearchValues<char> RefusedInTables = SearchValues.Create(
        [.. Enumerable.Range(0, 0x20).Select(code => (char)code), .. "\"%'()*+,/:?\\`~\u007f\ufeff"]);
    private static readonly SearchValues<char> RefusedInColumns = SearchValues.Create(
        [.. Enumerable.Range(0, 0x20).Select(code => (char)code), .. "\"%'()*+,-./:?\\`~\u007f\ufeff"]);

    /// <summary>Whether a name, escaped already, is short enough.</summary>
    public static bool IsShortEnough(string name) => name.Length <= MaximumCharacters && Encoding.UTF8.GetByteCount(name) <= MaximumBytes;

    /// <summary>
    /// The name of a table: also dots and spaces are escaped where QuestDB refuses them, at either end and, for dots, in a row.
    /// </summary>
    /// <param name="name">The name.</param>
    /// <param name="escapeFirst">Whether the first character is escaped whatever it is, so that the name is no reserved one.</param>
    public static string EscapeTable(string name, bool escapeFirst = false) => EscapeWhere(
        name,
        i => RefusedInTables.Contains(name[i])
            || (i == 0 && escapeFirst)
            || (name[i] is '.' or ' ' && (i == 0 || i == name.Length - 1))
            || (name[i] == '.' && name[i - 1] == '.'));

    /// <summary>The name of a column.</summary>
    public static string EscapeColumn(string name) => EscapeWhere(name, i => RefusedInColumns.Contains(name[i]));

    /// <summary>A name that is too long: its beginning, <c>^#</c> and the hash. It cannot be read back.</summary>
    public static string Shorten(string name, bool escapeFirst, string hash)
    {
        string end = $"{Escape}{HashMark}{hash}";
        var beginning = new StringBuilder();
        string shortened = end;
        foreach (Rune rune in name.EnumerateRunes())
        {
            beginning.Append(rune.ToString());
            string longer = EscapeTable(beginning.ToString(), escapeFirst) + end;
            if (!IsShortEnough(longer))
            {
                break;
            }

            shortened = longer;
        }

        return shortened;
    }

    /// <summary>What was escaped; the name itself where nothing was.</summary>
    public static string Unescape(string name)
    {
        if (!name.Contains(Escape))
        {
            return name;
        }

        var bytes = new ArrayBufferWriter<byte>(name.Length);
        for (int i = 0; i < name.Length; i++)
        {
            if (IsEscape(name, i))
            {
                bytes.Write([byte.Parse(name.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture)]);
                i += 2;
            }
            else
            {
                int length = char.IsHighSurrogate(name[i]) ? 2 : 1;
                Encoding.UTF8.GetBytes(name.AsSpan(i, length), bytes);
                i += length - 1;
            }
        }

        return Encoding.UTF8.GetString(bytes.WrittenSpan);
    }

    private static string EscapeWhere(string name, Func<int, bool> isRefused)
    {
        StringBuilder? escaped = null;
        for (int i = 0; i < name.Length; i++)
        {
            if (isRefused(i) || IsEscape(name, i) || IsHashMark(name, i))
            {
                escaped ??= new StringBuilder(name, 0, i, name.Length + 8);
                int length = char.IsHighSurrogate(name[i]) ? 2 : 1;
                foreach (byte part in Encoding.UTF8.GetBytes(name, i, length))
                {
                    escaped.Append(CultureInfo.InvariantCulture, $"{Escape}{part:X2}");
                }

                i += length - 1;
            }
            else
            {
                escaped?.Append(name[i]);
            }
        }

        return escaped?.ToString() ?? name;
    }

    private static bool IsEscape(string name, int index) =>
        name[index] == Escape
            && index + 2 < name.Length
            && char.IsAsciiHexDigitUpper(name[index + 1])
            && char.IsAsciiHexDigitUpper(name[index + 2]);

    private static bool IsHashMark(string name, int index) =>
        name[index] == Escape && index + 1 < name.Length && name[index + 1] == HashMark;
}
