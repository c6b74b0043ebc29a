using System.Collections.Specialized;
using System.Text;
using System.Web;

namespace Qmtl.Simulation.Http;

/// <summary>What a simulated exchange looks at in a request.</summary>
internal sealed record LoopbackRequest(string Path, NameValueCollection Parameters, bool AcceptsGzip, bool KeepAlive)
{
    /// <summary>Reads the header of a request.</summary>
    /// <exception cref="FormatException">It is no GET of HTTP/1.1.</exception>
    public static LoopbackRequest Parse(ReadOnlySpan<byte> header)
    {
        string[] lines = Encoding.ASCII.GetString(header).Split("\r\n");
        if (lines[0].Split(' ') is not ["GET", var target, "HTTP/1.1"])
        {
            throw new FormatException("Only GET of HTTP/1.1 is understood.");
        }

        int question = target.IndexOf('?', StringComparison.Ordinal);
        return new LoopbackRequest(
            question < 0 ? target : target[..question],
            HttpUtility.ParseQueryString(question < 0 ? string.Empty : target[question..]),
            Header(lines, "Accept-Encoding").Contains("gzip", StringComparison.OrdinalIgnoreCase),
            !Header(lines, "Connection").Contains("close", StringComparison.OrdinalIgnoreCase));
    }

    private static string Header(string[] lines, string name) =>
        lines.FirstOrDefault(line => line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))?[(name.Length + 1)..].Trim() ?? string.Empty;
}
