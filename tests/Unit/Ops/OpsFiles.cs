using System.Text.Json;
using System.Text.RegularExpressions;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.Ops;

/// <summary>What the repository offers to operators: rules for Prometheus, their tests, and a dashboard for Grafana.</summary>
internal static partial class OpsFiles
{
    public static string Rules { get; } = PathOf("prometheus", "qmtl.rules.yml");

    public static string RulesTest { get; } = PathOf("prometheus", "qmtl.rules.test.yml");

    public static string Dashboard { get; } = PathOf("grafana", "qmtl.json");

    public static string Readme { get; } = PathOf("README.md");

    /// <summary>The dashboard's panels, rows included.</summary>
    public static IReadOnlyList<JsonElement> Panels()
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(Dashboard));
        return [.. document.RootElement.Clone().GetProperty("panels").EnumerateArray()];
    }

    /// <summary>All queries of the dashboard's panels, with Grafana's own variables as Prometheus would get them.</summary>
    public static IEnumerable<string> PanelQueries() =>
        from panel in Panels()
        where panel.TryGetProperty("targets", out _)
        from target in panel.GetProperty("targets").EnumerateArray()
        select Variable().Replace(target.GetProperty("expr").GetString()!.Replace("$__rate_interval", "5m", StringComparison.Ordinal).Replace("$__range", "6h", StringComparison.Ordinal), ".*");

    /// <summary>The names of Qmtl's metrics that a text uses.</summary>
    public static IEnumerable<string> MetricNames(string text) => MetricName().Matches(text).Select(match => match.Value).Distinct();

    /// <summary>The metrics of Qmtl that a text selects by labels, with the labels' names.</summary>
    public static IEnumerable<(string Metric, string Label)> Labels(string text) =>
        from Match selector in Selector().Matches(text)
        from Match label in LabelName().Matches(selector.Groups["labels"].Value)
        select (selector.Groups["metric"].Value, label.Groups["name"].Value);

    private static string PathOf(params string[] parts) => Path.Combine([Repository.Root, "ops", .. parts]);

    [GeneratedRegex(@"\b(backfill|qmtl)_[a-z0-9_]+\b")]
    private static partial Regex MetricName();

    [GeneratedRegex(@"(?<metric>\b(backfill|qmtl)_[a-z0-9_]+)\{(?<labels>[^}]*)\}")]
    private static partial Regex Selector();

    [GeneratedRegex("""(?<name>[a-z_]+)\s*(=~|!~|!=|=)\s*\\?["']""")]
    private static partial Regex LabelName();

    [GeneratedRegex(@"\$[a-z_]+")]
    private static partial Regex Variable();
}
