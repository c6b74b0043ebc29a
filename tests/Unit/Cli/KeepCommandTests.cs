using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using Qmtl.Cli.Hosting;
using Qmtl.Data;
using Qmtl.Simulation;
using Qmtl.Simulation.Faults;
using Qmtl.Time;
using Qmtl.Unit.Fixtures;
using Spectre.Console;

namespace Qmtl.Unit.Cli;

public sealed class KeepCommandTests : IAsyncLifetime
{
    private readonly CliFolder _folder = new();
    private readonly SimulatedExchange _exchange = SimulatedExchange.Start(new SimulatedExchangeOptions { WeightPerMinute = null });

    private string Config => _folder.PathOf("keep.json");

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await _exchange.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_check_shows_what_would_be_done_and_does_nothing()
    {
        Declare("BTCUSDT", "ETHUSDT");

        CliOutcome outcome = await CliRunner.RunAsync("keep", "--config", Config, "--check", "--json");

        Assert.Equal((ExitCode.Complete, string.Empty), (outcome.ExitCode, outcome.Error));
        JsonElement first = JsonDocument.Parse(outcome.Lines[0]).RootElement;
        Assert.Equal(2, outcome.Lines.Length);
        Assert.Equal("BTCUSDT", first.GetProperty("node_id").GetString());
        Assert.InRange(first.GetProperty("bars_missing").GetInt64(), 47, 49);
        Assert.Equal(1, first.GetProperty("requests").GetInt64());
        Assert.Equal(0, _exchange.RequestCount);
        Assert.False(File.Exists(_folder.StorePath));
    }

    [Fact]
    public async Task A_check_says_that_a_store_cannot_be_written_and_makes_nothing()
    {
        Declare("BTCUSDT");
        string missing = _folder.PathOf("none");
        File.WriteAllText(Config, File.ReadAllText(Config).Replace("bars.db", "none/bars.db", StringComparison.Ordinal));

        CliOutcome outcome = await CliRunner.RunAsync("keep", "--config", Config, "--check");

        Assert.Equal((ExitCode.Failed, string.Empty), (outcome.ExitCode, outcome.Output));
        Assert.Contains($"the folder {missing} does not exist. Create it", outcome.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(missing));
    }

    [Fact]
    public async Task A_symbol_that_the_exchange_does_not_know_is_one_error()
    {
        Declare("NOPE");

        CliOutcome outcome = await CliRunner.RunAsync("keep", "--config", Config, "--once");

        Assert.Equal(ExitCode.Failed, outcome.ExitCode);
        Assert.Single(outcome.Error.Trim().Split('\n'));
        Assert.Contains("Invalid symbol", outcome.Error, StringComparison.Ordinal);
        Assert.Equal(1, _exchange.RequestCount);
    }

    [Theory]
    [InlineData("--check")]
    [InlineData("--once")]
    public async Task An_interval_that_the_exchange_does_not_have_is_refused_before_anything_is_begun(string how)
    {
        Declare("BTCUSDT");
        File.WriteAllText(Config, File.ReadAllText(Config).Replace("\"1h\"", "\"7m\"", StringComparison.Ordinal));

        CliOutcome outcome = await CliRunner.RunAsync("keep", "--config", Config, how);

        Assert.Equal((ExitCode.BadUsage, string.Empty), (outcome.ExitCode, outcome.Output));
        Assert.Contains(
            "The stream BTCUSDT 7m cannot be kept: the source exchange has no 7m bars. It has 1s, 1m, 3m", outcome.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(_folder.StorePath));
    }

    [Fact]
    public async Task A_check_is_a_table_for_people()
    {
        Declare("BTCUSDT");

        CliOutcome outcome = await CliRunner.RunAsync("keep", "--config", Config, "--check");

        Assert.Contains("would be asked for in 1 request.", outcome.Output, StringComparison.Ordinal);
        Assert.Contains("exchange", outcome.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Once_completes_everything_and_a_second_time_finds_nothing_to_do_but_to_compare()
    {
        Declare("BTCUSDT", "ETHUSDT");

        CliOutcome first = await CliRunner.RunAsync("keep", "--config", Config, "--once", "--json");
        long asked = _exchange.RequestCount;
        CliOutcome again = await CliRunner.RunAsync("keep", "--config", Config, "--once");

        Assert.Equal((ExitCode.Complete, 2), (first.ExitCode, first.Lines.Length));
        Assert.Equal(ExitCode.Complete, again.ExitCode);
        Assert.InRange(_exchange.RequestCount - asked, 0, 2);
        Assert.InRange((await _folder.CoverageAsync(new StreamKey("ETHUSDT", BarInterval.FromSeconds(3600)))).BarCount, 40, 49);
    }

    [Fact]
    public async Task Once_fails_as_a_backfill_does_where_a_source_cannot_be_had()
    {
        Declare("BTCUSDT");
        _exchange.Faults.Rule = _ => SimulatedFault.Status(403);

        CliOutcome outcome = await CliRunner.RunAsync("keep", "--config", Config, "--once");

        Assert.Equal(ExitCode.Failed, outcome.ExitCode);
        Assert.Contains("BTCUSDT 1h", outcome.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("keep", "--config")]
    [InlineData("keep --config nowhere.json", "There is no declaration nowhere.json.")]
    [InlineData("keep --config x.json --port 5", "--port belongs to --cluster. Name one.")]
    [InlineData("keep --config x.json --once --check", "--once and --check exclude each other.")]
    public async Task What_cannot_be_kept_is_told_and_nothing_is_begun(string commandLine, string expected)
    {
        CliOutcome outcome = await CliRunner.RunAsync(commandLine.Split(' '));

        Assert.Equal(ExitCode.BadUsage, outcome.ExitCode);
        Assert.Contains(expected, outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_does_not_end_is_not_waited_for_longer_than_5_s_after_it_was_told_to_stop()
    {
        using var output = new MemoryStream();
        using var error = new StringWriter();
        var clock = new FakeTimeProvider();
        await using var host = new CliHost { Console = AnsiConsole.Console, Output = output, Error = error, TimeProvider = clock };
        using var stop = new CancellationTokenSource();
        Task<int> ending = KeepService.EndInTimeAsync(new TaskCompletionSource<int>().Task, host, stop.Token);
        Assert.Equal(7, await KeepService.EndInTimeAsync(Task.FromResult(7), host, stop.Token));

        await stop.CancelAsync();
        Assert.False(ending.IsCompleted);
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (!ending.IsCompleted)
        {
            limit.Token.ThrowIfCancellationRequested();
            clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        Assert.Equal(ExitCode.Cancelled, await ending);
        Assert.Contains("5 s after it was told to stop", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_declaration_that_is_wrong_is_told_with_its_key()
    {
        File.WriteAllText(Config, """{ "schema": 1, "stores": { "main": { "path": "bars.db" } }, "streems": [] }""");

        CliOutcome outcome = await CliRunner.RunAsync("keep", "--config", Config, "--check");

        Assert.Equal(ExitCode.BadUsage, outcome.ExitCode);
        Assert.Contains("'streems' is no key that a declaration has there. Did you mean streams", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_runs_until_it_is_told_to_stop_and_serves_health_meanwhile()
    {
        Declare("BTCUSDT");
        using var stop = new CancellationTokenSource();
        using var client = new HttpClient();
        using var held = new HeldPort();
        int port = held.Number;
        Task<CliOutcome> running = CliRunner.RunAsync(
            [], ["keep", "--config", Config, "--metrics-port", $"{port}", "--json"], cancellationToken: stop.Token);

        await UntilAsync(async () => (await client.GetAsync(new Uri($"http://127.0.0.1:{port}/readyz"))).IsSuccessStatusCode);
        HttpResponseMessage live = await client.GetAsync(new Uri($"http://127.0.0.1:{port}/healthz"));
        string metrics = await client.GetStringAsync(new Uri($"http://127.0.0.1:{port}/metrics"));
        await stop.CancelAsync();
        CliOutcome outcome = await running;

        Assert.True(live.IsSuccessStatusCode);
        Assert.Contains("""backfill_staleness_seconds{node_id="BTCUSDT",interval="3600"}""", metrics, StringComparison.Ordinal);
        Assert.Equal((ExitCode.Complete, string.Empty), (outcome.ExitCode, outcome.Error));
        Assert.Contains("\"bars_written\":", outcome.Output, StringComparison.Ordinal);
    }

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (true)
        {
            try
            {
                if (await condition())
                {
                    return;
                }
            }
            catch (HttpRequestException)
            {
                // It does not listen yet.
            }

            await Task.Delay(20, patience.Token);
        }
    }

    private void Declare(params string[] nodes) => File.WriteAllText(Config, $$"""
        {
          "schema": 1,
          "stores": { "main": { "path": "bars.db" } },
          "sources": { "exchange": { "kind": "binance", "baseUri": "{{_exchange.BaseUri}}" } },
          "defaults": { "intervals": "1h", "source": "exchange", "start": "-2d" },
          "streams": [{ "nodes": {{JsonSerializer.Serialize(nodes)}} }]
        }
        """);
}
