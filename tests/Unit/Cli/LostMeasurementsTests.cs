using Qmtl.Cli.Hosting;
using Qmtl.Recording;
using Qmtl.Telemetry;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.Cli;

[Collection(ProcessMeterCollection.Name)]
public sealed class LostMeasurementsTests : IDisposable
{
    private readonly CliFolder _folder = new();

    public LostMeasurementsTests()
    {
        for (int i = 0; i <= QmtlMeter.SeriesLimit; i++)
        {
            RecorderInstruments.Shared.Register($"lost-{i}", static () => default).Dispose();
        }
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Whoever_reads_no_metrics_is_not_told() => Assert.Equal("", (await RunAsync()).Error);

    [Fact]
    public async Task Whoever_reads_metrics_is_told_once()
    {
        CliOutcome outcome = await RunAsync("--metrics-file", _folder.PathOf("qmtl.prom"));

        Assert.Equal(ExitCode.Complete, outcome.ExitCode);
        Assert.Matches("""^qmtl: warning: [0-9]+ measurements were lost: there are at most 10000 streams[^\n]*\n$""", outcome.Error);
    }

    private async Task<CliOutcome> RunAsync(params string[] arguments)
    {
        string csv = _folder.PathOf("bars.csv");
        await File.WriteAllTextAsync(csv, "ts,close\n1704067200,1\n1704067260,2\n");
        return await CliRunner.RunAsync(["backfill", "--store", _folder.StorePath, "--node", "BTCUSDT", "--interval", "1m", "--file", csv, .. arguments]);
    }
}
