using System.Collections.Specialized;
using System.Globalization;
using System.Text;
using System.Web;

namespace Qmtl.Simulation.Http;

/// <summary>What a simulated server looks at in a request.</summary>
internal sealed class LoopbackRequest
{
    private readonly string[] _lines;

    private LoopbackRequest(string method, string target, string[] lines)
    {
        int question = target.IndexOf('?', StringComparison.Ordinal);
        Method = method;
        Path = question < 0 ? target : target[..question];
        Parameters = HttpUtility.ParseQueryString(question < 0 ? string.Empty : target[question..]);
        _lines = lines;
    }

    public string Method { get; }

    /// <summary>The path as it was sent, with its escapes.</summary>
    public string Path { get; }

    public NameValueCollection Parameters { get; }

    /// <summary>What came after the header; empty for most requests.</summary>
    public ReadOnlyMemory<byte> Body { get; set; }

    public bool AcceptsGzip => Header("Accept-Encoding").Contains("gzip", StringComparison.OrdinalIgnoreCase);

    public bool KeepAlive => !Header("Connection").Contains("close", StringComparison.OrdinalIgnoreCase);

    /// <summary>How many bytes come after the header.</summary>
    /// <exception cref="FormatException">The header does not say it in a way that is understood.</exception>
    public int ContentLength =>
        Header("Transfer-Encoding").Length > 0 ? throw new FormatException("Bodies with a transfer encoding are not understood.")
        : Header("Content-Length") is not { Length: > 0 } length ? 0
        : int.TryParse(length, NumberStyles.None, CultureInfo.InvariantCulture, out int bytes) ? bytes
        : throw new FormatException("The Content-Length is no number, or too large.");

    /// <summary>Reads the header of a request.</summary>
    /// <exception cref="FormatException">It is none of HTTP/1.1.</exception>
    public static LoopbackRequest Parse(ReadOnlySpan<byte> header)
    {
        string[] lines = Encoding.ASCII.GetString(header).Split("\r\n");
        return lines[0].Split(' ') is [var method, var target, "HTTP/1.1"]
            ? new LoopbackRequest(method, target, lines)
            : throw new FormatException("Only HTTP/1.1 is understood.");
    }

    /// <summary>The value of a header; empty where it is not there.</summary>
    public string Header(string name) =>
        _lines.FirstOrDefault(line => line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))?[(name.Length + 1)..].Trim()
            ?? string.Empty;
}
