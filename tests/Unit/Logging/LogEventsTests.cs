using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;
using Qmtl.Backfill;
using Qmtl.Cluster.Silo.Keeping;
using Qmtl.Gateway;
using Qmtl.Streams;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.Logging;

public sealed partial class LogEventsTests
{
    private static readonly LoggerMessageAttribute[] Events =
    [
        .. new[] { typeof(BackfillEngine), typeof(Node), typeof(GatewayClient), typeof(KeptShare) }
            .SelectMany(type => type.Assembly.GetTypes())
            .SelectMany(type => type.GetMethods(BindingFlags.DeclaredOnly | BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic))
            .Select(method => method.GetCustomAttribute<LoggerMessageAttribute>())
            .OfType<LoggerMessageAttribute>(),
    ];

    [Fact]
    public void Every_event_has_one_number_for_its_name_and_no_other_event_has_it()
    {
        Assert.Contains(Events, happened => happened.EventName == "gateway.connected");
        Assert.All(Events.GroupBy(happened => happened.EventName), named => Assert.Single(named.Select(happened => happened.EventId).Distinct()));
        Assert.All(Events.GroupBy(happened => happened.EventId), numbered => Assert.Single(numbered.Select(happened => happened.EventName).Distinct()));
    }

    [Fact]
    public void Names_are_dotted_snake_case() => Assert.All(Events, happened => Assert.Matches(Dotted(), happened.EventName));

    [Fact]
    public void The_guide_s_names_are_there_unchanged() => Assert.Superset(
        new HashSet<string?> { "backfill.start", "backfill.retry", "backfill.complete", "backfill.failed" },
        Events.Select(happened => happened.EventName).ToHashSet());

    [Fact]
    public void Every_event_is_documented()
    {
        string documented = File.ReadAllText(Path.Combine(Repository.Root, "docs", "logs.md"));

        Assert.All(Events, happened => Assert.Contains($"`{happened.EventName}`", documented, StringComparison.Ordinal));
    }

    [GeneratedRegex("^[a-z]+\\.[a-z]+(_[a-z]+)*$")]
    private static partial Regex Dotted();
}
