using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.EndToEnd;

/// <summary>A command of some milliseconds, watched over OTLP.</summary>
public sealed class OtlpPushTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_short_run_pushes_all_it_measured_before_it_ends()
    {
        await using var receiver = new OtlpReceiver();
        (int exitCode, _, string error) = await RunAsync(new()
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = receiver.BaseUri.ToString(),
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["OTEL_EXPORTER_OTLP_HEADERS"] = "x-token=abc",
            ["OTEL_RESOURCE_ATTRIBUTES"] = "desk=night-shift",
        });

        Assert.Equal((0, ""), (exitCode, error));
        OtlpReceiver.Push last = receiver.Pushes[^1];
        Assert.Equal(("/v1/metrics", "application/x-protobuf", "abc"), (last.Path, last.ContentType, last.Token));
        string body = Encoding.Latin1.GetString(last.Body);
        Assert.All(
            ["Qmtl.Backfill", "backfill.bars_written", "backfill.last_timestamp", "backfill.request.duration", "node_id", "OTLPTEST", "service.name", "qmtl", "night-shift"],
            expected => Assert.Contains(expected, body, StringComparison.Ordinal));

        // The bound of a bucket that OpenTelemetry's own default does not have.
        Assert.True(last.Body.AsSpan().IndexOf(BitConverter.GetBytes(120.0)) > 0);
    }

    [Fact]
    public async Task Nothing_is_pushed_where_it_is_forbidden()
    {
        await using var receiver = new OtlpReceiver();
        (int exitCode, _, _) = await RunAsync(new()
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = receiver.BaseUri.ToString(),
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["OTEL_METRICS_EXPORTER"] = "none",
        });

        Assert.Equal(0, exitCode);
        Assert.Empty(receiver.Pushes);
    }

    [Fact]
    public async Task A_receiver_that_is_away_is_told_and_fails_nothing()
    {
        (int exitCode, _, string error) = await RunAsync(new()
        {
            ["OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"] = "http://user:secret@127.0.0.1:9/v1/metrics",
            ["OTEL_EXPORTER_OTLP_METRICS_PROTOCOL"] = "http/protobuf",
            ["OTEL_EXPORTER_OTLP_TIMEOUT"] = "1000",
        });

        Assert.Equal(0, exitCode);
        Assert.Equal("qmtl: warning: Metrics could not be pushed to http://127.0.0.1:9.\n", error);
    }

    [Fact]
    public async Task A_receiver_that_never_answers_holds_the_end_up_no_longer_than_is_stated()
    {
        // The system takes the connection, and nobody reads from it.
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        long started = Stopwatch.GetTimestamp();

        (int exitCode, _, string error) = await RunAsync(new()
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = $"http://{silent.LocalEndpoint}",
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["OTEL_EXPORTER_OTLP_TIMEOUT"] = "50000",
        });

        Assert.Equal((0, $"qmtl: warning: Metrics could not be pushed to http://{silent.LocalEndpoint}.\n"), (exitCode, error));
        Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(40));
    }

    private async Task<(int ExitCode, string Output, string Error)> RunAsync(Dictionary<string, string> environment)
    {
        string csv = _folder.File("bars.csv");
        await File.WriteAllTextAsync(csv, "ts,close\n1704067200,1\n1704067260,2\n");
        using var process = QmtlProcess.Start(environment, ["backfill", "--store", _folder.File("bars.db"), "--node", "OTLPTEST", "--interval", "1m", "--file", csv]);
        return await process.WaitAsync();
    }
}
