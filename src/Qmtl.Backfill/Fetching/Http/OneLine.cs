using System.Text;

namespace Qmtl.Fetching.Http;

/// <summary>Text of somebody else's, made fit for a message.</summary>
internal static class OneLine
{
    /// <summary>The beginning of <paramref name="text"/>, in one line and without anything a terminal could take for a command.</summary>
    /// <param name="text">Any text.</param>
    /// <param name="longest">How many characters it has at most, without the ellipsis.</param>
    public static string Shorten(string text, int longest)
    {
        var line = new StringBuilder();
        foreach (char character in text)
        {
            bool blank = char.IsWhiteSpace(character) || char.IsControl(character);
            if (line.Length >= longest)
            {
                return line.Append('…').ToString();
            }

            if (!blank)
            {
                line.Append(character);
            }
            else if (line.Length > 0 && line[^1] != ' ')
            {
                line.Append(' ');
            }
        }

        return line.ToString().TrimEnd();
    }
}
