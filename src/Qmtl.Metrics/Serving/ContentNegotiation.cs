using System.Globalization;
using Prometheus;

namespace Qmtl.Metrics.Serving;

/// <summary>Finds what a client wants by its <c>Accept</c> and <c>Accept-Encoding</c> headers.</summary>
internal static class ContentNegotiation
{
    /// <summary>The format that the client likes best. Where it names neither, it gets the one that everything reads.</summary>
    public static ExpositionFormat FormatOf(string? accept)
    {
        double openMetrics = 0;
        double prometheus = 0;
        foreach ((string type, IReadOnlyList<string> parameters, double quality) in Read(accept))
        {
            switch (type)
            {
                case "application/openmetrics-text" when VersionIs(parameters, "1.0.0"):
                    openMetrics = Math.Max(openMetrics, quality);
                    break;
                case "text/plain" when VersionIs(parameters, "0.0.4"):
                    prometheus = Math.Max(prometheus, quality);
                    break;
                case "text/*" or "*/*":
                    prometheus = Math.Max(prometheus, quality);
                    break;
            }
        }

        return openMetrics > 0 && openMetrics >= prometheus ? ExpositionFormat.OpenMetricsText : ExpositionFormat.PrometheusText;
    }

    /// <summary>Whether the client takes a compressed answer.</summary>
    public static bool TakesGzip(string? acceptEncoding)
    {
        double? any = null;
        double? gzip = null;
        foreach ((string coding, _, double quality) in Read(acceptEncoding))
        {
            switch (coding)
            {
                case "gzip" or "x-gzip":
                    gzip = quality;
                    break;
                case "*":
                    any = quality;
                    break;
            }
        }

        return (gzip ?? any) > 0;
    }

    private static bool VersionIs(IReadOnlyList<string> parameters, string version) =>
        parameters.FirstOrDefault(parameter => parameter.StartsWith("version=", StringComparison.OrdinalIgnoreCase)) is not { } asked
        || asked["version=".Length..].Trim('"') == version;

    private static IEnumerable<(string Value, IReadOnlyList<string> Parameters, double Quality)> Read(string? header)
    {
        string[] elements = (header ?? string.Empty).Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        foreach (string element in elements)
        {
            string[] parts = element.Split(';', StringSplitOptions.TrimEntries);
            yield return (parts[0].ToLowerInvariant(), parts[1..], QualityOf(parts));
        }
    }

    // A quality that cannot be read counts as none: the client meant to say something of it, and it was not "best".
    private static double QualityOf(string[] parts) =>
        Array.Find(parts, part => part.StartsWith("q=", StringComparison.OrdinalIgnoreCase)) is not { } quality ? 1
        : double.TryParse(quality.AsSpan(2), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value)
            ? Math.Min(value, 1)
            : 0;
}
