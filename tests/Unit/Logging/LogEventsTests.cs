using System.Reflection;
using System.Text.RegularExpressions;
using Qmtl.Telemetry.Logging;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.Logging;

public sealed partial class LogEventsTests
{
    private static readonly FieldInfo[] Names = Constants(typeof(LogEventNames));
    private static readonly FieldInfo[] Ids = Constants(typeof(LogEventIds));

    [Fact]
    public void Every_event_has_one_name_and_one_number_of_its_own()
    {
        Assert.Equal(Names.Select(field => field.Name).Order(), Ids.Select(field => field.Name).Order());
        Assert.Equal(Names.Length, Names.Select(field => field.GetRawConstantValue()).Distinct().Count());
        Assert.Equal(Ids.Length, Ids.Select(field => field.GetRawConstantValue()).Distinct().Count());
    }

    [Fact]
    public void Names_are_the_member_in_dotted_snake_case() => Assert.All(Names, field =>
    {
        var name = (string)field.GetRawConstantValue()!;
        Assert.Matches(Dotted(), name);
        Assert.Equal(field.Name, string.Concat(name.Split('.', '_').Select(word => char.ToUpperInvariant(word[0]) + word[1..])));
    });

    [Fact]
    public void The_guide_s_names_are_there_unchanged() => Assert.Equal(
        ["backfill.start", "backfill.retry", "backfill.complete", "backfill.failed"],
        [LogEventNames.BackfillStart, LogEventNames.BackfillRetry, LogEventNames.BackfillComplete, LogEventNames.BackfillFailed]);

    [Fact]
    public void Every_event_is_documented()
    {
        string documented = File.ReadAllText(Path.Combine(Repository.Root, "docs", "logs.md"));

        Assert.All(Names, field => Assert.Contains($"`{field.GetRawConstantValue()}`", documented, StringComparison.Ordinal));
    }

    private static FieldInfo[] Constants(Type type) => type.GetFields(BindingFlags.Public | BindingFlags.Static);

    [GeneratedRegex("^[a-z]+\\.[a-z]+(_[a-z]+)*$")]
    private static partial Regex Dotted();
}
