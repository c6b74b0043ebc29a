using System.Text.Json;
using Qmtl.Cli.Hosting;
using Qmtl.Simulation;
using Qmtl.Simulation.Faults;
using Qmtl.Simulation.Markets;
using Qmtl.Unit.Cli;

namespace Qmtl.Unit.Logging;

public sealed class CliLogTests
{
    private const string Time = @"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z";

    private static readonly string[] Day = ["--start", "2024-01-01", "--end", "2024-01-01T23:59:00Z"];

    [Fact]
    public async Task A_run_in_which_all_went_well_in_the_end_leaves_standard_error_empty()
    {
        CliOutcome outcome = await RunAsync([SimulatedFault.Status(503)]);

        Assert.Equal((ExitCode.Complete, ""), (outcome.ExitCode, outcome.Error));
    }

    [Fact]
    public async Task A_level_tells_the_story_on_standard_error_with_times_and_leaves_the_results_alone()
    {
        CliOutcome outcome = await RunAsync([SimulatedFault.Status(503)], "--log-level", "information", "--json");

        string[] lines = outcome.Error.TrimEnd().Split('\n');
        Assert.All(lines, line => Assert.Matches($"^{Time} qmtl: information: BTCUSDT 1m: ", line));
        Assert.Contains("backfill of 2024-01-01T00:00:00Z to 2024-01-01T23:59:00Z from binance:127.0.0.1:", lines[0], StringComparison.Ordinal);
        Assert.Single(lines, line => line.Contains("retry 1 of", StringComparison.Ordinal));
        Assert.Contains(" completed, 1440 bars written", lines[^1], StringComparison.Ordinal);
        Assert.Single(outcome.Lines);
    }

    [Fact]
    public async Task Options_of_the_log_may_stand_before_the_command()
    {
        using var folder = new CliFolder();
        await folder.WriteAsync([0, 1]);

        CliOutcome outcome = await CliRunner.RunAsync("--log-format", "json", "coverage", "--store", folder.StorePath);

        Assert.Equal((ExitCode.Complete, ""), (outcome.ExitCode, outcome.Error));
    }

    [Fact]
    public async Task Json_is_an_object_a_line_with_time_level_event_message_and_fields()
    {
        CliOutcome outcome = await RunAsync([SimulatedFault.Status(503), SimulatedFault.RowsOutsideRange], "--log-level", "trace", "--log-format", "json");

        JsonElement[] lines = Parse(outcome);
        Assert.All(lines, line =>
        {
            Assert.Equal(["timestamp", "level", "event", "message"], line.EnumerateObject().Take(4).Select(field => field.Name));
            Assert.Matches($"^{Time}$", line.GetProperty("timestamp").GetString());
            Assert.Equal(("BTCUSDT", 60), (line.GetProperty("node_id").GetString(), line.GetProperty("interval").GetInt32()));
            Assert.DoesNotContain(line.EnumerateObject(), field => field.Name.StartsWith('{'));
        });
        Assert.Superset(
            new HashSet<string?> { "backfill.start", "backfill.plan", "backfill.request", "backfill.retry", "backfill.page", "backfill.rows_rejected", "backfill.complete" },
            lines.Select(line => line.GetProperty("event").GetString()).ToHashSet());
        JsonElement retry = lines.Single(line => line.GetProperty("event").GetString() == "backfill.retry");
        Assert.Equal(("information", 1), (retry.GetProperty("level").GetString(), retry.GetProperty("attempt").GetInt32()));
        Assert.Equal(JsonValueKind.Number, retry.GetProperty("start").ValueKind);
        Assert.Contains("503", retry.GetProperty("error").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_line_is_json_also_of_a_run_that_fails_and_nothing_is_told_twice()
    {
        CliOutcome outcome = await RunAsync([], "--log-format", "json", "--node", "NOSUCH");

        Assert.Equal(ExitCode.Failed, outcome.ExitCode);
        JsonElement failed = Assert.Single(Parse(outcome));
        Assert.Equal(("error", "backfill.failed", "NOSUCH"), (failed.GetProperty("level").GetString(), failed.GetProperty("event").GetString(), failed.GetProperty("node_id").GetString()));
    }

    [Fact]
    public async Task The_command_line_s_own_messages_are_json_too()
    {
        using var folder = new CliFolder();

        CliOutcome outcome = await CliRunner.RunAsync("history", "--store", folder.PathOf("none.db"), "--node", "X", "--interval", "1m", "--log-format", "json");

        JsonElement line = Assert.Single(Parse(outcome));
        Assert.Matches("^qmtl\\.(note|error)$", line.GetProperty("event").GetString());
    }

    [Theory]
    [InlineData(true, "", true)]
    [InlineData(false, "", false)]
    [InlineData(true, "warning", false)]
    [InlineData(false, "warning", false)]
    [InlineData(false, "information", true)]
    [InlineData(true, "none", false)]
    public async Task A_note_is_information_that_a_person_gets_unasked(bool isTerminal, string level, bool isTold)
    {
        using var folder = new CliFolder();
        await folder.WriteAsync([0]);
        string[] asked = level.Length == 0 ? [] : ["--log-level", level];

        CliOutcome outcome = await CliRunner.RunAsync(
            [], ["history", "--store", folder.StorePath, "--node", "BTCUSDT", "--interval", "1m", "--start", "2025-01-01", .. asked], isErrorTerminal: isTerminal);

        Assert.Equal(isTold, outcome.Error.Contains("qmtl: note: No bar of", StringComparison.Ordinal));
        Assert.Equal(isTold, outcome.Error.Length > 0);
    }

    [Fact]
    public async Task With_none_only_the_exit_code_is_left()
    {
        CliOutcome outcome = await RunAsync([], "--log-level", "none", "--node", "NOSUCH");

        Assert.Equal((ExitCode.Failed, ""), (outcome.ExitCode, outcome.Error));
    }

    [Fact]
    public async Task Errors_alone_leave_out_warnings()
    {
        CliOutcome outcome = await RunAsync([SimulatedFault.RowsOutsideRange], "--log-level", "error");

        Assert.Equal((ExitCode.Complete, ""), (outcome.ExitCode, outcome.Error));
    }

    [Theory]
    [InlineData("--log-level", "loud", "'loud' is none of trace, debug, information, warning, error, critical or none.")]
    [InlineData("--log-format", "xml", "'xml' is none of text or json.")]
    public async Task A_word_that_is_none_of_them_is_refused(string option, string value, string message)
    {
        CliOutcome outcome = await CliRunner.RunAsync("coverage", "--store", "x.db", option, value);

        Assert.Equal(ExitCode.BadUsage, outcome.ExitCode);
        Assert.Contains(message, outcome.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("text")]
    [InlineData("json")]
    public async Task A_password_is_in_no_line(string format)
    {
        CliOutcome outcome = await CliRunner.RunAsync(
            "backfill", "--store", "Host=127.0.0.1;Port=1;Username=writer;Password=open-sesame;Database=market", "--node", "X", "--interval", "1m", "--start", "2024-01-01",
            "--end", "2024-01-02", "--max-retries", "1", "--log-level", "trace", "--log-format", format);

        Assert.Equal(ExitCode.Failed, outcome.ExitCode);
        Assert.Contains("retry 1 of", outcome.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("sesame", outcome.Error + outcome.Output, StringComparison.OrdinalIgnoreCase);
    }

    private static JsonElement[] Parse(CliOutcome outcome) =>
        [.. outcome.Error.TrimEnd().Split('\n').Select(line => JsonDocument.Parse(line).RootElement)];

    private static async Task<CliOutcome> RunAsync(SimulatedFault[] faults, params string[] arguments)
    {
        using var folder = new CliFolder();
        await using SimulatedExchange exchange = SimulatedExchange.Start(new SimulatedExchangeOptions { Markets = [new GeneratedMarket("BTCUSDT")] });
        Array.ForEach(faults, fault => exchange.Faults.Enqueue(fault));
        string[] node = arguments.Contains("--node") ? [] : ["--node", "BTCUSDT"];
        return await CliRunner.RunAsync(
            ["backfill", "--store", folder.StorePath, "--interval", "1m", "--base-uri", exchange.BaseUri.ToString(), "--throttle-limit", "1", .. node, .. Day, .. arguments]);
    }
}
