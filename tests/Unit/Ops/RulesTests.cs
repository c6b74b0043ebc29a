using System.Text.Json;
using System.Text.RegularExpressions;
using Qmtl.Unit.Fixtures;
using Qmtl.Unit.Metrics;

namespace Qmtl.Unit.Ops;

public sealed partial class RulesTests
{
    [PromtoolFact]
    public async Task Promtool_takes_the_rules()
    {
        (int exitCode, string output) = await PrometheusTools.RunPromtoolAsync("", "check", "rules", OpsFiles.Rules);

        Assert.True(exitCode == 0, output);
    }

    [PromtoolFact]
    public async Task The_rules_fire_when_they_should_and_not_otherwise()
    {
        (int exitCode, string output) = await PrometheusTools.RunPromtoolAsync("", "test", "rules", OpsFiles.RulesTest);

        Assert.True(exitCode == 0, output);
    }

    [PromtoolFact]
    public async Task Promtool_takes_every_query_of_the_dashboard()
    {
        using var folder = new TemporaryFolder();
        string file = folder.File("dashboard.rules.yml");
        var rules = OpsFiles.PanelQueries().Select((query, index) => new { record = $"panel:{index}", expr = query }).ToList();
        Assert.NotEmpty(rules);
        await File.WriteAllTextAsync(file, JsonSerializer.Serialize(new { groups = new[] { new { name = "dashboard", rules } } }));

        (int exitCode, string output) = await PrometheusTools.RunPromtoolAsync("", "check", "rules", file);

        Assert.True(exitCode == 0, output);
    }

    [Fact]
    public void Every_alert_is_tested_both_firing_and_not_firing()
    {
        string[] alerts = [.. Alert().Matches(File.ReadAllText(OpsFiles.Rules)).Select(match => match.Groups["name"].Value)];
        ILookup<string, bool> tested = Expectation().Matches(File.ReadAllText(OpsFiles.RulesTest))
            .ToLookup(match => match.Groups["name"].Value, match => !match.Groups["none"].Success);

        Assert.NotEmpty(alerts);
        Assert.All(alerts, alert => Assert.True(tested[alert].Contains(true) && tested[alert].Contains(false), $"{alert} is not tested both ways."));
    }

    [GeneratedRegex(@"^\s+- alert: (?<name>\w+)$", RegexOptions.Multiline)]
    private static partial Regex Alert();

    [GeneratedRegex(@"alertname: (?<name>\w+)\s+exp_alerts:(?<none> \[\])?")]
    private static partial Regex Expectation();
}
