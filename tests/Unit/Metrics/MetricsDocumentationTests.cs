using Qmtl.Metrics.Collection;
using Qmtl.Unit.Fixtures;
using Qmtl.Unit.Telemetry;

namespace Qmtl.Unit.Metrics;

public sealed class MetricsDocumentationTests
{
    [Fact]
    public void The_table_of_the_documentation_is_what_the_meter_measures()
    {
        using var meter = new MeasuredMeter();
        meter.MeasureEverything();

        Assert.Equal(
            meter.Collector.Collect().Select(Row).Order(StringComparer.Ordinal),
            Table().Order(StringComparer.Ordinal));
    }

    private static string Row(MetricFamily family) => string.Join(
        " | ",
        $"`{family.Name}`",
        family.Type.ToString().ToLowerInvariant(),
        string.Join(", ", family.Points[0].Labels.Select(label => $"`{label.Key}`")),
        family.Unit);

    private static IEnumerable<string> Table() => File.ReadLines(Path.Combine(Repository.Root, "docs", "metrics.md"))
        .Where(line => line.StartsWith("| `backfill_", StringComparison.Ordinal) || line.StartsWith("| `qmtl_", StringComparison.Ordinal))
        .Select(line =>
        {
            string[] cells = line.Split('|', StringSplitOptions.TrimEntries);
            Assert.True(cells.Length == 8 && cells[5].Length > 0 && cells[6].Length > 0, $"Meaning or end of life is missing: {line}");
            return string.Join(" | ", cells[1..5]);
        });
}
