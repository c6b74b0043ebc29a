using System.Diagnostics.Metrics;

namespace Qmtl.Metrics.Collection;

/// <summary>
/// Makes Prometheus's names of an instrument's, by the rules of OpenTelemetry's compatibility specification: dots become
/// underscores, the unit is written out and appended, and a counter ends in <c>_total</c>.
/// </summary>
internal static class PrometheusName
{
    private const string Total = "_total";

    /// <summary>The metric's name in the text format.</summary>
    public static string OfMetric(string instrument, string unit, MetricType type)
    {
        string name = Clean(instrument, allowColon: true);
        if (unit.Length > 0 && !name.EndsWith("_" + unit, StringComparison.Ordinal))
        {
            name = $"{name}_{unit}";
        }

        return type == MetricType.Counter && !name.EndsWith(Total, StringComparison.Ordinal) ? name + Total : name;
    }

    /// <summary>Prometheus's name of a unit. Notes in braces, such as <c>{bar}</c>, say what is counted and are no unit.</summary>
    public static string OfUnit(string? unit) => unit switch
    {
        null or "" or "1" => string.Empty,
        "s" => "seconds",
        "By" => "bytes",
        ['{', ..] => string.Empty,
        _ => Clean(unit, allowColon: false),
    };

    /// <summary>The name of a label.</summary>
    public static string OfLabel(string tag) => Clean(tag, allowColon: false);

    /// <summary>The type of an instrument; null of one that is not measured.</summary>
    public static MetricType? TypeOf(Instrument instrument) =>
        (instrument.GetType() is { IsGenericType: true } type ? type.GetGenericTypeDefinition() : null) switch
        {
            var kind when kind == typeof(Counter<>) || kind == typeof(ObservableCounter<>) => MetricType.Counter,
            var kind when kind == typeof(Histogram<>) => MetricType.Histogram,
            var kind when kind == typeof(Gauge<>)
                || kind == typeof(ObservableGauge<>)
                || kind == typeof(UpDownCounter<>)
                || kind == typeof(ObservableUpDownCounter<>) => MetricType.Gauge,
            _ => null,
        };

    // A name that is fit is given back itself, so that a thousand series share one.
    private static string Clean(string name, bool allowColon)
    {
        if (name.Length > 0 && !char.IsAsciiDigit(name[0]) && name.All(character => IsFit(character, allowColon)))
        {
            return name;
        }

        string clean = string.Create(name.Length, (name, allowColon), static (span, from) =>
        {
            for (int i = 0; i < span.Length; i++)
            {
                span[i] = IsFit(from.name[i], from.allowColon) ? from.name[i] : '_';
            }
        });
        return clean.Length > 0 && char.IsAsciiDigit(clean[0]) ? "_" + clean : clean;
    }

    private static bool IsFit(char character, bool allowColon) =>
        char.IsAsciiLetterOrDigit(character) || character == '_' || (allowColon && character == ':');
}
