using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Qmtl.History.Relational.PostgreSql;

/// <summary>
/// Takes libpq's own form of a connection string apart, <c>host=localhost dbname=history password='it\'s'</c> without semicolons
/// (postgresql.org/docs/current/libpq-connect.html): pairs with blanks between them, values in single quotes where they hold blanks,
/// and a backslash before a quote or a backslash.
/// </summary>
internal static class LibpqKeywords
{
    // Two of these make sure that the form is meant: one alone may be Npgsql's, or a file's name.
    private static readonly HashSet<string> Known = new(StringComparer.OrdinalIgnoreCase)
    {
        "host", "hostaddr", "port", "dbname", "user", "password", "passfile", "connect_timeout", "application_name", "options",
        "sslmode", "sslrootcert", "sslcert", "sslkey", "sslpassword", "target_session_attrs", "service",
    };

    /// <summary>The pairs of a text of that form, at least two of which libpq knows; false where it is not of that form.</summary>
    public static bool TryRead(string text, [NotNullWhen(true)] out IReadOnlyList<(string Name, string Value)>? pairs)
    {
        var found = new List<(string Name, string Value)>();
        pairs = found;
        int position = 0;
        while (SkipBlanks(text, ref position))
        {
            int equals = text.IndexOf('=', position);
            if (equals < 0)
            {
                return false;
            }

            string name = text[position..equals].Trim();
            position = equals + 1;
            if (name.Length == 0
                || !name.All(character => char.IsAsciiLetterOrDigit(character) || character == '_')
                || !TryReadValue(text, ref position, out string? value))
            {
                return false;
            }

            found.Add((name, value));
        }

        return found.Count(pair => Known.Contains(pair.Name)) > 1;
    }

    private static bool SkipBlanks(string text, ref int position)
    {
        while (position < text.Length && char.IsWhiteSpace(text[position]))
        {
            position++;
        }

        return position < text.Length;
    }

    private static bool TryReadValue(string text, ref int position, [NotNullWhen(true)] out string? value)
    {
        var read = new StringBuilder();
        bool isQuoted = SkipBlanks(text, ref position) && text[position] == '\'';
        value = null;
        for (position += isQuoted ? 1 : 0; position < text.Length; position++)
        {
            char character = text[position];
            if (isQuoted ? character == '\'' : char.IsWhiteSpace(character))
            {
                break;
            }

            // A semicolon stands between the pairs of Npgsql's form.
            if (!isQuoted && character == ';')
            {
                return false;
            }

            if (character == '\\' && position + 1 < text.Length)
            {
                character = text[++position];
            }

            read.Append(character);
        }

        if (isQuoted && position++ >= text.Length)
        {
            return false;
        }

        value = read.ToString();
        return true;
    }
}
