using System.Reflection;
using System.Security.Cryptography;
using System.Text;

namespace Qmtl.Reporting;

/// <summary>
/// The page around the data: one document with its styles and scripts in it, and a policy that lets nothing else run or load.
/// </summary>
internal static class PageTemplate
{
    private static readonly string[] Styles = ["uPlot.min.css", "report.css"];
    private static readonly string[] Scripts = ["uPlot.iife.min.js", "data.js", "table.js", "timeline.js", "candles.js", "page.js"];

    /// <summary>
    /// The page in pieces: a text, or the name of what the caller writes in that place (<c>data</c>, <c>candles</c>). Only the template is
    /// looked through for places, never what is put into them.
    /// </summary>
    /// <param name="title">The page's title, any text.</param>
    public static IEnumerable<(string? Text, string? Place)> Pieces(string title)
    {
        string style = string.Join('\n', Styles.Select(Read));
        string script = string.Join('\n', Scripts.Select(Read));
        string[] pieces = Read("report.html").Split("{{", StringSplitOptions.None);
        yield return (pieces[0], null);
        foreach (string piece in pieces.Skip(1))
        {
            int end = piece.IndexOf("}}", StringComparison.Ordinal);
            string place = piece[..end];
            yield return place switch
            {
                "policy" => (Policy(style, script), null),
                "title" => (System.Net.WebUtility.HtmlEncode(title), null),
                "style" => (style, null),
                "script" => (script, null),
                "license" => (System.Net.WebUtility.HtmlEncode(Read("uPlot.LICENSE.txt")), null),
                _ => (null, place),
            };
            yield return (piece[(end + 2)..], null);
        }
    }

    // By the hashes of what is in the page: a script that got in with the data would not have one. Nothing is loaded from anywhere.
    private static string Policy(string style, string script) =>
        $"default-src 'none'; script-src '{Hash(script)}'; style-src '{Hash(style)}'; base-uri 'none'; form-action 'none'";

    private static string Hash(string text) => $"sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text)))}";

    // A browser takes every line break for a line feed before it hashes.
    private static string Read(string name)
    {
        using Stream asset = Assembly.GetExecutingAssembly().GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"The page's part {name} is not in the assembly.");
        using var reader = new StreamReader(asset, Encoding.UTF8);
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }
}
