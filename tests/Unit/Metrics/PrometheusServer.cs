using System.Diagnostics;
using System.Text.Json;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.Metrics;

/// <summary>A real Prometheus on loopback that scrapes one target every 200 milliseconds.</summary>
internal sealed class PrometheusServer : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TemporaryFolder _folder = new();
    private readonly HeldPort _port = new();
    private readonly HttpClient _client = new();
    private readonly Process _process;

    public PrometheusServer(Uri target)
    {
        string configuration = _folder.File("prometheus.yml");
        File.WriteAllText(configuration, $$"""
            scrape_configs:
              - job_name: qmtl
                scrape_interval: 200ms
                scrape_timeout: 200ms
                metrics_path: {{target.AbsolutePath}}
                static_configs:
                  - targets: ["{{target.Authority}}"]
            """);
        _client.BaseAddress = new Uri($"http://127.0.0.1:{_port.Number}/");
        _process = Process.Start(new ProcessStartInfo(
            "prometheus",
            [$"--config.file={configuration}", $"--storage.tsdb.path={_folder.File("data")}", $"--web.listen-address=127.0.0.1:{_port.Number}", "--log.level=error"]))!;
    }

    /// <summary>Asks until the query has a result, and gives the value and labels of each of its series.</summary>
    public async Task<IReadOnlyList<(Dictionary<string, string> Labels, string Value)>> QueryAsync(string query)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            Assert.False(_process.HasExited, "Prometheus has ended.");
            try
            {
                using JsonDocument answer = JsonDocument.Parse(await _client.GetStringAsync($"api/v1/query?query={Uri.EscapeDataString(query)}", patience.Token));
                JsonElement[] series = [.. answer.RootElement.GetProperty("data").GetProperty("result").EnumerateArray()];
                if (series.Length > 0)
                {
                    return [.. series.Select(one => (one.GetProperty("metric").Deserialize<Dictionary<string, string>>()!, one.GetProperty("value")[1].GetString()!))];
                }
            }
            catch (HttpRequestException)
            {
                // It has not started yet.
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), patience.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _client.Dispose();
        _port.Dispose();
        _folder.Dispose();
    }
}
