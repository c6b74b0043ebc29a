using System.Net;
using Qmtl.Cli.Hosting;
using Qmtl.Metrics.Collection;
using Qmtl.Metrics.Export;
using Qmtl.Metrics.Serving;
using Qmtl.Telemetry;

namespace Qmtl.Cli.Commands;

/// <summary>Lets others watch while a command runs, and hands over what was measured when it ends, however it ends.</summary>
internal sealed class MetricsRun(CliHost host, string? file, ConstantLabels labels, OtlpPush? push) : IAsyncDisposable
{
    private static readonly TimeSpan PushTimeout = TimeSpan.FromSeconds(10);

    private readonly MetricsCollector _collector = new();
    private MetricsServer? _server;

    /// <summary>Begins to serve.</summary>
    /// <exception cref="IOException">The port cannot be had.</exception>
    public void Serve(MetricsServerOptions options)
    {
        _server = MetricsServer.Start(_collector, options);
        host.WriteDiagnostic("note", $"Metrics are at {_server.Uri}.");
        if (!IPAddress.IsLoopback(options.Address))
        {
            host.WriteDiagnostic("warning", $"Whoever reaches {options.Address} can read the metrics: there is no password.");
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (file is not null)
        {
            await WriteFileAsync(file);
        }

        if (push is not null)
        {
            await Task.Run(PushRest);
        }

        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        _collector.Dispose();
        bool isRead = file is not null || push is not null || _server is not null;
        if (isRead && QmtlMeter.Overflow is > 0 and var lost)
        {
            host.WriteDiagnostic(
                "warning", $"{lost} measurements were lost: there are at most {QmtlMeter.SeriesLimit} streams, and series of one metric.");
        }
    }

    // What could not be handed over is told; the bars are there all the same, and so the command has not failed.
    private async Task WriteFileAsync(string path)
    {
        try
        {
            await MetricsFile.WriteAsync(path, _collector, labels);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            host.WriteDiagnostic("warning", exception.Message);
        }
    }

    private void PushRest()
    {
        if (!push!.End(PushTimeout))
        {
            host.WriteDiagnostic("warning", $"Metrics could not be pushed to {push.Endpoint}.");
        }
    }
}
