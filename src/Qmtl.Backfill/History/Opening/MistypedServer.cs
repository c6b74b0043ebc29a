using System.Text.RegularExpressions;

namespace Qmtl.History;

/// <summary>
/// Tells a file's path from the address of a server that was mistyped, such as <c>postgresql//user:password@host/db</c>. Taken for
/// a path, it would be shown in messages, which hide no part of a path, and leave a file behind that is named by a password.
/// </summary>
internal static partial class MistypedServer
{
    /// <summary>Refuses a text that stands where a file's path is expected and reads as a server's address.</summary>
    /// <exception cref="ArgumentException">It does. The message holds nothing of it.</exception>
    public static void Refuse(string path)
    {
        if (IsMeant(path))
        {
            throw new ArgumentException(
                "What was given reads as a server's address without its scheme, or with a wrong one. Write "
                    + "postgresql://user:password@host:5432/database; for a file of such a name, write ./ before it.",
                nameof(path));
        }
    }

    /// <summary>Whether the text reads as a server's address.</summary>
    public static bool IsMeant(string text) =>
        !BeginsAsPath().IsMatch(text) && (UserAndPassword().IsMatch(text) || PasswordParameter().IsMatch(text));

    // A root, a folder, or a drive of Windows; two slashes are what is left of a scheme.
    [GeneratedRegex(@"^(\.{1,2}[/\\]|/(?!/)|\\\\|[a-z]:[/\\])", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex BeginsAsPath();

    [GeneratedRegex(":.*@", RegexOptions.Singleline)]
    private static partial Regex UserAndPassword();

    [GeneratedRegex(@"\b(password|passfile|pwd|psw)\s*=", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex PasswordParameter();
}
