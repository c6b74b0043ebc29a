using System.Diagnostics;
using System.Globalization;
using Qmtl.Cli.Hosting;
using Qmtl.Simulation;
using Qmtl.Simulation.Faults;
using Qmtl.Simulation.Markets;
using Qmtl.Time;

namespace Qmtl.Unit.Cli;

/// <summary>Signals need a process of their own, so these tests start the built executable.</summary>
public sealed class CancellationTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [UnixTheory]
    [InlineData("INT")]
    [InlineData("TERM")]
    public async Task A_signal_ends_a_backfill_with_130_and_leaves_a_store_from_which_the_next_run_completes(string signal)
    {
        using var folder = new CliFolder();
        await using SimulatedExchange exchange = SimulatedExchange.Start(new SimulatedExchangeOptions { Markets = [new GeneratedMarket("BTCUSDT")] });
        // The first pages are answered, then the exchange falls silent: the signal surely comes in the middle.
        var stalled = new TaskCompletionSource();
        exchange.Faults.Rule = request =>
        {
            if (request.Number <= 3)
            {
                return null;
            }

            stalled.TrySetResult();
            return SimulatedFault.Stall;
        };
        string[] arguments =
        [
            "backfill", "--store", folder.StorePath, "--node", "BTCUSDT", "--interval", "1m", "--start", "2024-01-01", "--end", "2024-01-10T00:00",
            "--base-uri", exchange.BaseUri.ToString(), "--throttle-limit", "1", "--json",
        ];

        using Process process = Start(arguments);
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        await Task.WhenAny(stalled.Task, process.WaitForExitAsync()).WaitAsync(Patience);
        Assert.True(stalled.Task.IsCompleted, "The command ended before the exchange fell silent.");
        using (Process kill = Process.Start("kill", ["-s", signal, process.Id.ToString(CultureInfo.InvariantCulture)]))
        {
            await kill.WaitForExitAsync();
        }

        using var patience = new CancellationTokenSource(Patience);
        await process.WaitForExitAsync(patience.Token);

        Assert.Equal(ExitCode.Cancelled, process.ExitCode);
        Assert.Contains("\"status\":\"cancelled\"", await output, StringComparison.Ordinal);
        Assert.Equal("qmtl: error: Cancelled. What was committed stays; run it again for the rest.", (await error).Trim());

        TimeRangeSet kept = await folder.CoverageAsync(CliFolder.Stream);
        exchange.Faults.Clear();
        long asked = exchange.RequestCount;
        CliOutcome again = await CliRunner.RunAsync(arguments);
        Assert.Equal((ExitCode.Complete, ""), (again.ExitCode, again.Error));
        Assert.Equal(new TimeRange(CliFolder.Minute(0), CliFolder.Minute(9 * 1440)), Assert.Single(await folder.CoverageAsync(CliFolder.Stream)));
        Assert.DoesNotContain(exchange.Requests.Skip((int)asked), request => kept.Contains(request.Start!.Value));
    }

    private static Process Start(string[] arguments) => Process.Start(new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "qmtl.dll"), .. arguments])
    {
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;
}
