using System.Net;
using System.Net.Sockets;
using Qmtl.Cli.Hosting;
using Qmtl.Simulation;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.Cli;

public sealed class MetricsOptionsTests : IDisposable
{
    private readonly CliFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_file_has_what_the_run_measured_with_the_labels_asked_for()
    {
        string node = NewNode();
        string path = _folder.PathOf("qmtl.prom");

        CliOutcome outcome = await RunAsync(node, "--metrics-file", path, "--metrics-label", "task=nightly", "--metrics-label", "desk=x");

        Assert.Equal((ExitCode.Complete, ""), (outcome.ExitCode, outcome.Error));
        string text = await File.ReadAllTextAsync(path);
        Assert.Contains($"\nbackfill_bars_written_total{{task=\"nightly\",desk=\"x\",node_id=\"{node}\",interval=\"60\"}} 2\n", text, StringComparison.Ordinal);
        Assert.Contains($"\nbackfill_last_timestamp{{task=\"nightly\",desk=\"x\",node_id=\"{node}\",interval=\"60\"}} 1704067260\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_that_fails_writes_its_file_too()
    {
        string path = _folder.PathOf("qmtl.prom");
        await using SimulatedExchange exchange = SimulatedExchange.Start();
        string node = NewNode();

        CliOutcome outcome = await CliRunner.RunAsync(
            "backfill", "--store", _folder.StorePath, "--node", node, "--interval", "1m", "--start", "2024-01-01", "--base-uri", exchange.BaseUri.ToString(), "--metrics-file", path);

        Assert.Equal(ExitCode.Failed, outcome.ExitCode);
        Assert.Contains($"\nbackfill_failure_total{{node_id=\"{node}\",interval=\"60\"}} 1\n", await File.ReadAllTextAsync(path), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Metrics_are_served_while_the_command_runs_and_not_after()
    {
        using var held = new HeldPort();
        int port = held.Number;
        using var client = new HttpClient();
        string? scraped = null;
        await using SimulatedExchange exchange = SimulatedExchange.Start();
        exchange.Faults.Rule = _ =>
        {
            scraped ??= client.GetStringAsync(new Uri($"http://127.0.0.1:{port}/metrics")).GetAwaiter().GetResult();
            return null;
        };

        CliOutcome outcome = await CliRunner.RunAsync(
            "backfill", "--store", _folder.StorePath, "--node", "BTCUSDT", "--interval", "1m", "--start", "2024-01-01", "--end", "2024-01-01T01:00", "--base-uri", exchange.BaseUri.ToString(), "--metrics-port", $"{port}", "--log-level", "information");

        Assert.Equal(ExitCode.Complete, outcome.ExitCode);
        Assert.Contains($"qmtl: note: Metrics are at http://127.0.0.1:{port}/metrics.\n", outcome.Error, StringComparison.Ordinal);
        Assert.Contains("backfill_gap_bars_remaining{node_id=\"BTCUSDT\",interval=\"60\"} ", scraped, StringComparison.Ordinal);
        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetStringAsync(new Uri($"http://127.0.0.1:{port}/metrics")));
    }

    [Fact]
    public async Task An_address_beyond_this_machine_is_warned_of()
    {
        CliOutcome outcome = await RunAsync(NewNode(), "--metrics-port", "0", "--metrics-address", "0.0.0.0");

        Assert.Equal(ExitCode.Complete, outcome.ExitCode);
        Assert.Contains("qmtl: warning: Whoever reaches 0.0.0.0 can read the metrics", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_in_use_is_told_before_anything_is_asked()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        int port = ((IPEndPoint)other.LocalEndpoint).Port;

        CliOutcome outcome = await RunAsync(NewNode(), "--metrics-port", $"{port}");

        Assert.Equal(ExitCode.Failed, outcome.ExitCode);
        Assert.StartsWith($"qmtl: error: Port {port} of 127.0.0.1 is in use", outcome.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(_folder.StorePath));
    }

    [Theory]
    [InlineData("not fit", "--metrics-file", "x.prom", "--metrics-label", "9=x")]
    [InlineData("no label", "--metrics-file", "x.prom", "--metrics-label", "task")]
    [InlineData("'.prom'", "--metrics-file", "x.txt")]
    [InlineData("There is no folder", "--metrics-file", "no/such/x.prom")]
    [InlineData("needs --metrics-port", "--metrics-address", "127.0.0.1")]
    [InlineData("needs --metrics-file", "--metrics-label", "task=x")]
    [InlineData("from 0 to 65535", "--metrics-port", "70000")]
    [InlineData("'here' is no IP address", "--metrics-port", "0", "--metrics-address", "here")]
    public async Task What_cannot_be_done_is_told_before_anything_is_asked(string expected, params string[] arguments)
    {
        CliOutcome outcome = await RunAsync(NewNode(), arguments);

        Assert.Equal(ExitCode.BadUsage, outcome.ExitCode);
        Assert.Contains(expected, outcome.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(_folder.StorePath));
    }

    [Fact]
    public async Task An_endpoint_that_is_no_address_is_told_without_its_value()
    {
        var environment = new Dictionary<string, string> { ["OTEL_EXPORTER_OTLP_ENDPOINT"] = "user:secret@collector" };
        CliOutcome outcome = await CliRunner.RunAsync(environment, await ArgumentsAsync(NewNode()));

        Assert.Equal(ExitCode.BadUsage, outcome.ExitCode);
        Assert.Contains("OTEL_EXPORTER_OTLP_ENDPOINT", outcome.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", outcome.Error, StringComparison.Ordinal);
    }

    private static string NewNode() => $"node-{Guid.NewGuid():n}";

    private async Task<CliOutcome> RunAsync(string node, params string[] arguments) => await CliRunner.RunAsync([.. await ArgumentsAsync(node), .. arguments]);

    private async Task<string[]> ArgumentsAsync(string node)
    {
        string csv = _folder.PathOf("bars.csv");
        await File.WriteAllTextAsync(csv, "ts,close\n1704067200,1\n1704067260,2\n");
        return ["backfill", "--store", _folder.StorePath, "--node", node, "--interval", "1m", "--file", csv];
    }
}
