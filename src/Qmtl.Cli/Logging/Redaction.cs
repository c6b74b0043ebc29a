using System.Text.RegularExpressions;
using Qmtl.Messages;

namespace Qmtl.Cli.Logging;

/// <summary>
/// The last line of defence between a secret and a log. The library's own messages hold none; but an argument in the wrong
/// place is quoted by the parser, and a driver's message is not ours.
/// </summary>
internal static partial class Redaction
{
    // Longer than any of the library's own sentences; a driver's or a source's may hold a whole page.
    private const int Longest = 4000;

    /// <summary>The message on one line, of <see cref="PlainText"/>, without passwords of URIs and connection strings.</summary>
    public static string OneLine(string message)
    {
        string hidden = UserInfo().Replace(message, "${scheme}***@");
        hidden = UserAndPassword().Replace(hidden, "***@");
        hidden = Password().Replace(hidden, "${name}***");
        return PlainText.OneLine(hidden, Longest);
    }

    // What our own messages write for the form of an address is no secret.
    private const string NoPlaceholder = @"(?!user:password@[^\s@]*(?:\s|$))";

    // Up to the last @ of the word, because people forget to escape @ and / in a password.
    [GeneratedRegex(@"(?<scheme>(?>[a-z][a-z0-9+.-]*:/+|//))" + NoPlaceholder + @"\S*@", RegexOptions.IgnoreCase)]
    private static partial Regex UserInfo();

    // Without a scheme; a drive of Windows is no user.
    [GeneratedRegex(@"(?<![^\s'""/:])" + NoPlaceholder + @"[^\s'""/:]+:(?![/\\])[^\s'""]+@")]
    private static partial Regex UserAndPassword();

    [GeneratedRegex(
        """(?<name>\b(ssl)?(password|pwd|passfile|passphrase)\s*=\s*)("[^"]*"|'(?:[^'\\]|\\.)*'|(?:\\.|[^;&\s])*)""",
        RegexOptions.IgnoreCase)]
    private static partial Regex Password();
}
