namespace Qmtl.History.Relational.PostgreSql;

/// <summary>The password of a connection, looked for in what the driver and the server say before that is passed on.</summary>
/// <remarks>
/// What holds it is left out as a whole, never masked: what is left of a sentence from which a password was cut out gives away
/// where it was, and a password that is a common word makes nonsense of the rest. A part of a longer word is that word, and not
/// the password: <c>quest</c>, QuestDB's own, is in every "request".
/// </remarks>
internal sealed class ConnectionSecret(string? password)
{
    // Shorter ones are found in any text, and protect nothing.
    private const int ShortestSecret = 4;

    /// <summary>Whether a message of the error, or of one of its causes, holds the password.</summary>
    public bool IsIn(Exception exception)
    {
        // The messages only: a stack trace is made of the names of code, some of which are popular passwords.
        for (Exception? cause = exception; cause is not null && password?.Length >= ShortestSecret; cause = cause.InnerException)
        {
            if (Holds(cause.Message, password))
            {
                return true;
            }
        }

        return false;
    }

    // Only a password of letters alone can be a part of a word.
    private static bool Holds(string message, string password)
    {
        bool mayBePartOfWord = password.All(char.IsLetter);
        for (
            int at = message.IndexOf(password, StringComparison.Ordinal); at >= 0; at = message.IndexOf(
                password, at + 1, StringComparison.Ordinal))
        {
            int after = at + password.Length;
            bool isPartOfWord = (at > 0 && char.IsLetter(message[at - 1])) || (after < message.Length && char.IsLetter(message[after]));
            if (!mayBePartOfWord || !isPartOfWord)
            {
                return true;
            }
        }

        return false;
    }
}
