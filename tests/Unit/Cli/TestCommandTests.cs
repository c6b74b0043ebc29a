using Microsoft.Data.Sqlite;
using Qmtl.Cli.Hosting;

namespace Qmtl.Unit.Cli;

public sealed class TestCommandTests
{
    [Fact]
    public async Task Good_bars_are_said_to_be_good_and_exit_with_0()
    {
        using var folder = new CliFolder();
        await folder.WriteAsync([1, 2, 3]);

        CliOutcome outcome = await CliRunner.RunAsync("test", "--store", folder.StorePath);

        Assert.Equal((ExitCode.Complete, "Nothing is wrong with 1 stream."), (outcome.ExitCode, outcome.Output.Trim()));
    }

    [Fact]
    public async Task Rows_of_another_program_are_found_and_exit_with_1()
    {
        using var folder = new CliFolder();
        await folder.WriteAsync([1, 2, 3]);
        Execute(folder.StorePath, $"INSERT INTO BTCUSDT (node_id, interval, ts, close, trades) VALUES ('BTCUSDT', 60, {CliFolder.Minute(2) + 7}, 0, -1)");
        Execute(folder.StorePath, $"UPDATE BTCUSDT SET close = -3 WHERE ts = {CliFolder.Minute(3)}");

        CliOutcome outcome = await CliRunner.RunAsync("test", "--store", folder.StorePath, "--json");

        Assert.Equal(ExitCode.Failed, outcome.ExitCode);
        Assert.Equal(
            [
                """{"node_id":"BTCUSDT","interval":"1m","time":"2024-01-01T00:02:07Z","ts":1704067327,"end":"2024-01-01T00:02:07Z","end_ts":1704067327,"check":"off_grid","column":null,"value":null,"expected":"1m bars open every 1m from 1970-01-01T00:00:00Z on","message":"no 1m bar opens then; 1m bars open every 1m from 1970-01-01T00:00:00Z on"}""",
                """{"node_id":"BTCUSDT","interval":"1m","time":"2024-01-01T00:03:00Z","ts":1704067380,"end":"2024-01-01T00:03:00Z","end_ts":1704067380,"check":"not_positive","column":"close","value":-3,"expected":"above 0","message":"close is -3 and should be above 0"}""",
            ],
            outcome.Lines);
        CliOutcome table = await CliRunner.RunAsync("test", "--store", folder.StorePath, "--check", "NotPositive", "--node", "BTCUSDT");
        Assert.Equal(ExitCode.Failed, table.ExitCode);
        Assert.Contains("1 finding: 1 NotPositive.", table.Output, StringComparison.Ordinal);
        CliOutcome chosen = await CliRunner.RunAsync("test", "--store", folder.StorePath, "--check", "flat", "--check", "jump");
        Assert.Equal(ExitCode.Complete, chosen.ExitCode);
    }

    [Theory]
    [InlineData("--check", "odd", "--check: 'odd' is not known. Choose highbelowlow, outsidehighlow,")]
    [InlineData("--sigma", "0", "--sigma: '0' is not a number above 0.")]
    [InlineData("--node", "ETHUSDT", "No such stream is in sqlite:")]
    public async Task What_cannot_be_meant_is_refused(string option, string value, string message)
    {
        using var folder = new CliFolder();
        await folder.WriteAsync([1]);

        CliOutcome outcome = await CliRunner.RunAsync("test", "--store", folder.StorePath, option, value);

        Assert.Equal(ExitCode.BadUsage, outcome.ExitCode);
        Assert.Contains(message, outcome.Error, StringComparison.Ordinal);
    }

    private static void Execute(string path, string sql)
    {
        using var connection = new SqliteConnection($"Data Source={path};Pooling=false");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
