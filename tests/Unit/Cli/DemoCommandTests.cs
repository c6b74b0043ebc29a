using System.Text.RegularExpressions;
using Qmtl.Cli.Hosting;

namespace Qmtl.Unit.Cli;

public sealed partial class DemoCommandTests
{
    [Fact]
    public async Task The_demo_completes_its_history_asks_nothing_twice_and_leaves_commands_that_work()
    {
        CliOutcome demo = await CliRunner.RunAsync("demo");

        Assert.Equal((ExitCode.Complete, ""), (demo.ExitCode, demo.Error));
        Assert.Contains("The same backfill again: 0 requests, 0 bars written.", demo.Output, StringComparison.Ordinal);
        string[] strips = [.. demo.Lines.Where(line => Strip().IsMatch(line))];
        Assert.Equal(6, strips.Length);
        Assert.All(strips[..3], before => Assert.Contains('.', before));
        Assert.All(strips[3..], after => Assert.DoesNotMatch("[.~]", after));

        string[][] commands = [.. NextStep().Matches(demo.Output).Select(match => match.Groups["arguments"].Value.Split(' '))];
        Assert.Equal(["coverage", "gaps", "history"], commands.Select(command => command[0]));
        string store = commands[0][^1];
        try
        {
            foreach (string[] command in commands)
            {
                CliOutcome outcome = await CliRunner.RunAsync(command);
                Assert.Equal((ExitCode.Complete, ""), (outcome.ExitCode, outcome.Error));
                Assert.Contains("2024-01-01T00:00:00Z", command[0] == "history" ? "2024-01-01T00:00:00Z" : outcome.Output, StringComparison.Ordinal);
            }
        }
        finally
        {
            Directory.Delete(Path.GetDirectoryName(store)!, recursive: true);
        }
    }

    [GeneratedRegex("^ [A-Z]+ 1m +[#+~.-]+$")]
    private static partial Regex Strip();

    [GeneratedRegex(@"^  (qmtl|dotnet run .* --) (?<arguments>.*)$", RegexOptions.Multiline)]
    private static partial Regex NextStep();
}
