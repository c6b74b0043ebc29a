using System.CommandLine;
using System.CommandLine.Help;
using Qmtl.Cli;
using Qmtl.Cli.Hosting;
using Spectre.Console;

namespace Qmtl.Unit.Cli;

public sealed class BadUsageTests
{
    private const string Minutes = "--node BTCUSDT --interval 1m";

    [Theory]
    [InlineData("", "command")]
    [InlineData("forward", "'forward'")]
    [InlineData("coverage", "--store")]
    [InlineData("coverage --store :memory:", "A store in memory would be gone at once")]
    [InlineData("coverage --store mysql://host/db", "mysql://")]
    [InlineData("coverage --store postgresql://host/db --store-kind oracle", "oracle")]
    [InlineData("coverage --store x.db --store-kind questdb", "reads as a file's path")]
    [InlineData("coverage --store postgresql://host/db --http-uri nine", "'nine' is not an address")]
    [InlineData("coverage --store postgresql://host/db --http-uri http://desk:hunter2@host:9000", "without user, password, query and fragment")]
    [InlineData("coverage --store postgresql://host/db --http-uri ftp://host", "of the form http://host:9000")]
    [InlineData($"backfill --store postgresql://127.0.0.1:1/db --http-uri http://host:9000/?a=1 {Minutes} --start 2024-01-01", "without user, password, query and fragment")]
    [InlineData("history --store x.db --interval 1m", "--node")]
    [InlineData("history --store x.db --node BTCUSDT", "--interval")]
    [InlineData("backfill --store x.db", "Give --node and --interval")]
    [InlineData("backfill --store x.db --node BTCUSDT", "Give --node and --interval")]
    [InlineData($"gaps --store x.db {Minutes} --start 2024-01-01 --last 3d", "--start, --last and --days all say where to begin")]
    [InlineData($"gaps --store x.db {Minutes} --last many", "neither a number of bars nor a length of time")]
    [InlineData("backfil --store x.db", "Did you mean backfill?")]
    [InlineData("coverage --store x.db --nod BTCUSDT", "Did you mean --node?")]
    [InlineData("gaps --store x.db --node BTCUSDT --interval 0M", "from 1 to 1200 calendar months long (minutes are a small m)")]
    [InlineData("gaps --store x.db --node BTCUSDT --interval 0", "--interval: '0' is not a bar interval")]
    [InlineData($"gaps --store x.db {Minutes} --start yesterday", "--start: 'yesterday' is not a time")]
    [InlineData($"gaps --store x.db {Minutes} --start 1704067200000", "milliseconds")]
    [InlineData($"gaps --store x.db {Minutes} --start 2024", "--start: 2024 could be a date as well as Unix seconds. Write 2024-01-01")]
    [InlineData($"gaps --store x.db {Minutes} --end 20240131", "--end: 20240131 could be a date as well as Unix seconds. Write 2024-01-31")]
    [InlineData($"backfill --store x.db {Minutes} --start 2024-01-02 --end 2024-01-01", "Swap the two")]
    [InlineData($"backfill --store x.db {Minutes} --start 2024-01-01T00:00:01Z --end 2024-01-01T00:00:59Z", "No 1m bar that has closed opens from")]
    [InlineData($"backfill --store x.db {Minutes} --start 2999-01-01", "has closed yet")]
    [InlineData($"backfill --store x.db {Minutes} --source krakken --start 2024-01-01", "--source: 'krakken' is not known. Choose alpaca")]
    [InlineData("coverage --store x.db --store-kind mongo", "--store-kind: 'mongo' is not known. Choose auto, postgresql, questdb or sqlite.")]
    [InlineData($"backfill --store x.db {Minutes} --source csv --start 2024-01-01", "needs --file")]
    [InlineData($"backfill --store x.db {Minutes} --file nowhere.csv --start 2024-01-01", "There is no file 'nowhere.csv'")]
    [InlineData($"backfill --store x.db {Minutes} --source binance --file a.csv --start 2024-01-01", "--file belongs to --source csv")]
    [InlineData($"backfill --store x.db {Minutes} --start 2024-01-01 --culture de-DE", "--culture belongs to --file")]
    [InlineData($"backfill --store x.db {Minutes} --start 2024-01-01 --header a,b", "--header belongs to --file")]
    [InlineData($"backfill --store x.db {Minutes} --file nowhere.csv --delimiter ab", "--delimiter: 'ab' is not one character, nor tab")]
    [InlineData($"backfill --store x.db {Minutes} --file nowhere.csv --culture xx", "--file: 'xx' is no culture that is known here")]
    [InlineData($"backfill --store x.db {Minutes} --base-uri ftp://host --start 2024-01-01", "--base-uri: 'ftp://host'")]
    [InlineData($"backfill --store x.db {Minutes} --throttle-limit 0 --start 2024-01-01", "--throttle-limit: '0' is not a whole number from 1 to 256")]
    [InlineData($"backfill --store x.db {Minutes} --max-retries -1 --start 2024-01-01", "from 0 to 100")]
    [InlineData($"compare --store x.db {Minutes} --sample 0", "--sample: '0' is not a whole number from 1 to 10000000")]
    [InlineData($"history --store x.db {Minutes} --csv --json", "not both")]
    [InlineData($"history --store x.db {Minutes} --node ETHUSDT", "--node")]
    public async Task A_command_line_that_cannot_be_carried_out_exits_2_and_says_why(string commandLine, string expected)
    {
        using var folder = new CliFolder();
        string[] arguments = [.. commandLine.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(argument => argument == "x.db" ? folder.StorePath : argument)];

        CliOutcome outcome = await CliRunner.RunAsync(arguments);

        Assert.Equal(ExitCode.BadUsage, outcome.ExitCode);
        Assert.Contains(expected, outcome.Error, StringComparison.Ordinal);
        Assert.StartsWith("qmtl: error: ", outcome.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", outcome.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("Parameter '", outcome.Error, StringComparison.Ordinal);
        Assert.Empty(outcome.Output);
        Assert.False(File.Exists(folder.StorePath));
    }

    public static TheoryData<string> Commands() =>
        new(Root().Subcommands.Where(command => command.Name != "demo").Select(command => command.Name));

    private static RootCommand Root() =>
        QmtlCommandLine.CreateRoot(new CliHost { Console = AnsiConsole.Console, Output = Stream.Null, Error = TextWriter.Null }).Root;

    // What reads a value, and what compares it with others, meets values that could not be read.
    [Theory]
    [MemberData(nameof(Commands))]
    public async Task A_value_that_no_option_of_a_command_can_take_never_ends_it_with_a_fault_of_ours(string name)
    {
        using var folder = new CliFolder();
        Command command = Root().Subcommands.Single(one => one.Name == name);
        foreach (Option option in command.Options.Where(option => option.ValueType != typeof(bool) && option is not HelpOption))
        {
            foreach (string value in (string[])["0", "-1", "\u0001=", " "])
            {
                CliOutcome outcome = await CliRunner.RunAsync([name, "--store", folder.StorePath, option.Name, value]);

                Assert.DoesNotContain("should not have happened", outcome.Error, StringComparison.Ordinal);
                Assert.DoesNotContain("   at ", outcome.Error, StringComparison.Ordinal);
            }
        }
    }

    [Theory]
    [InlineData("coverage --store")]
    [InlineData("backfill --store x.db --node BTCUSDT --interval 1m --start 2024-01-01 --file")]
    public async Task A_folder_in_place_of_a_file_is_called_a_folder(string commandLine)
    {
        using var folder = new CliFolder();
        string path = Path.GetDirectoryName(folder.StorePath)!;

        CliOutcome outcome = await CliRunner.RunAsync([.. commandLine.Split(' '), path]);

        Assert.Equal(ExitCode.BadUsage, outcome.ExitCode);
        Assert.Contains($"'{path}' is a folder", outcome.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("coverage")]
    [InlineData("gaps --node BTCUSDT --interval 1m")]
    [InlineData("history --node BTCUSDT --interval 1m")]
    public async Task Reading_a_file_that_does_not_exist_exits_2_and_creates_none(string commandLine)
    {
        using var folder = new CliFolder();

        CliOutcome outcome = await CliRunner.RunAsync([.. commandLine.Split(' '), "--store", folder.StorePath]);

        Assert.Equal(ExitCode.BadUsage, outcome.ExitCode);
        Assert.Contains(folder.StorePath, outcome.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(folder.StorePath));
    }

    [Theory]
    [InlineData("coverage --store postgresql://desk:hunter2@db.example:port/market")]
    [InlineData("postgresql://desk:hunter2@db.example/market")]
    [InlineData("postgresql//desk:hunter2@db.example/market")]
    [InlineData("coverage --store postgresql//desk:hunter2@127.0.0.1:1/market")]
    [InlineData("backfill --store postgresql//desk:hunter2@127.0.0.1:1/market --node X --interval 1m --start 2024-01-01")]
    [InlineData("coverage --store postgresql://desk:hunter2@127.0.0.1:1/market")]
    [InlineData("coverage --store Host=127.0.0.1;Port=1;Username=desk;Password=hunter2;Database=market")]
    [InlineData("coverage --store Host=127.0.0.1;Nonsense=1;Password=hunter2")]
    public async Task A_password_in_the_arguments_is_never_shown(string commandLine)
    {
        CliOutcome outcome = await CliRunner.RunAsync(commandLine.Split(' '));

        Assert.NotEqual(ExitCode.Complete, outcome.ExitCode);
        Assert.StartsWith("qmtl: error: ", outcome.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", outcome.Error + outcome.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("coverage")]
    [InlineData("gaps")]
    [InlineData("backfill")]
    [InlineData("history")]
    [InlineData("demo")]
    public async Task The_help_of_every_command_has_examples_and_the_exit_codes(string command)
    {
        // The store's address may hold a password; help must not print it as a default.
        var environment = new Dictionary<string, string> { ["QMTL_STORE"] = "postgresql://desk:hunter2@db.example/market" };

        CliOutcome outcome = await CliRunner.RunAsync(environment, [command, "--help"]);

        Assert.Equal(ExitCode.Complete, outcome.ExitCode);
        Assert.Contains($"qmtl {command}", outcome.Output[outcome.Output.IndexOf("Examples:", StringComparison.Ordinal)..], StringComparison.Ordinal);
        Assert.Contains("130  cancelled", outcome.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", outcome.Output, StringComparison.Ordinal);
        Assert.Empty(outcome.Error);
    }
}
