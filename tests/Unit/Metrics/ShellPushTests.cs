using System.Net;
using System.Net.Sockets;
using System.Text;
using Qmtl.Unit.EndToEnd;
using Qmtl.Unit.Fixtures;
using Qmtl.Unit.Shell;

namespace Qmtl.Unit.Metrics;

/// <summary>A scheduled task of PowerShell, watched over OTLP.</summary>
public sealed class ShellPushTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_script_pushes_what_it_measured_when_its_shell_ends()
    {
        await using var receiver = new OtlpReceiver();
        (int exitCode, string output) = await PowerShellProcess.RunAsync(
            $$"""
            $env:OTEL_EXPORTER_OTLP_ENDPOINT = '{{receiver.BaseUri}}'
            $env:OTEL_EXPORTER_OTLP_PROTOCOL = 'http/protobuf'
            Import-Module '{{Path.Combine(Repository.Root, "Qmtl.psd1")}}'
            $provider = New-QmtlHistoryProvider -Path '{{_folder.File("bars.db")}}' -Fetcher { param($start, $end) for (; $start -le $end; $start += 60) { @{ ts = $start; close = 1.0 } } }
            $null = Invoke-QmtlBackfill $provider SHELLTEST 1m 60 600
            """,
            TimeSpan.FromMinutes(5));

        Assert.Equal((0, ""), (exitCode, output));
        string body = Encoding.Latin1.GetString(receiver.Pushes[^1].Body);
        Assert.All(["backfill.bars_written", "backfill.request.duration", "SHELLTEST"], expected => Assert.Contains(expected, body, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_receiver_that_never_answers_does_not_keep_a_shell_from_ending()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        (int exitCode, string output) = await PowerShellProcess.RunAsync(
            $$"""
            $env:OTEL_EXPORTER_OTLP_ENDPOINT = 'http://{{silent.LocalEndpoint}}'
            $env:OTEL_EXPORTER_OTLP_PROTOCOL = 'http/protobuf'
            $env:OTEL_EXPORTER_OTLP_TIMEOUT = '120000'
            Import-Module '{{Path.Combine(Repository.Root, "Qmtl.psd1")}}'
            $provider = New-QmtlHistoryProvider -Path '{{_folder.File("bars.db")}}' -Fetcher { @{ ts = 60; close = 1.0 } }
            $null = Invoke-QmtlBackfill $provider X 1m 60 60
            """,
            TimeSpan.FromMinutes(1));

        Assert.Equal((0, $"WARNING: Qmtl's metrics could not be pushed to http://{silent.LocalEndpoint}."), (exitCode, output.TrimEnd()));
    }

    [Fact]
    public async Task An_endpoint_that_is_no_address_is_one_warning_and_stops_nothing()
    {
        (int exitCode, string output) = await PowerShellProcess.RunAsync(
            $$"""
            $env:OTEL_EXPORTER_OTLP_ENDPOINT = 'user:secret@collector'
            Import-Module '{{Path.Combine(Repository.Root, "Qmtl.psd1")}}'
            $provider = New-QmtlHistoryProvider -Path '{{_folder.File("bars.db")}}' -Fetcher { @{ ts = 60; close = 1.0 } }
            1..2 | ForEach-Object { "$((Invoke-QmtlBackfill $provider X 1m 60 60).Status)" }
            """,
            TimeSpan.FromMinutes(5));

        Assert.Equal(0, exitCode);
        Assert.Equal(2, output.Split("Completed").Length - 1);
        Assert.Equal(1, output.Split("OTEL_EXPORTER_OTLP_ENDPOINT").Length - 1);
        Assert.DoesNotContain("secret", output, StringComparison.Ordinal);
    }
}
