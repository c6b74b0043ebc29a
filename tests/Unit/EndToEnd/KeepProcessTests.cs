using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Qmtl.Data;
using Qmtl.Simulation;
using Qmtl.Simulation.Faults;
using Qmtl.Simulation.Markets;
using Qmtl.Time;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.EndToEnd;

/// <summary>The built <c>qmtl keep</c> as a service: what it tells systemd, how it stops, and what a kill leaves behind.</summary>
public sealed class KeepProcessTests : IDisposable
{
    private static readonly StreamKey Stream = new("XRPETH", BarInterval.FromSeconds(60));

    private static readonly long Now = Newest();

    private readonly TemporaryFolder _folder = new();

    private string NotifyPath => _folder.File("notify");

    private string Config => _folder.File("keep.json");

    public void Dispose() => _folder.Dispose();

    [UnixFileFact]
    public async Task It_tells_systemd_what_systemd_asks_for()
    {
        await using SimulatedExchange exchange = StartExchange(out _);
        Declare(exchange, Start(minutes: 100));
        using Socket systemd = Listen();
        using QmtlProcess keep = QmtlProcess.Start(
            new Dictionary<string, string> { ["NOTIFY_SOCKET"] = NotifyPath, ["WATCHDOG_USEC"] = "200000" }, ["keep", "--config", Config]);

        await ReceiveAsync(systemd, "READY=1");
        await ReceiveAsync(systemd, "WATCHDOG=1");
        await ReceiveAsync(systemd, "WATCHDOG=1");
        keep.Signal("HUP");
        Assert.Contains("\nMONOTONIC_USEC=", await ReceiveAsync(systemd, "RELOADING=1"), StringComparison.Ordinal);
        await ReceiveAsync(systemd, "READY=1");
        keep.Signal("TERM");
        await ReceiveAsync(systemd, "STOPPING=1");

        (int exitCode, _, string error) = await keep.WaitAsync();
        Assert.Equal((0, string.Empty), (exitCode, error));
    }

    [UnixFileFact]
    public async Task A_file_that_is_wrong_leaves_what_is_kept_as_it_was()
    {
        await using SimulatedExchange exchange = StartExchange(out ISimulatedMarket market);
        long start = Start(minutes: 300);
        Declare(exchange, start);
        using Socket systemd = Listen();
        using QmtlProcess keep = QmtlProcess.Start(new Dictionary<string, string> { ["NOTIFY_SOCKET"] = NotifyPath }, ["keep", "--config", Config]);
        await UntilStoredAsync(start);
        await ReceiveAsync(systemd, "READY=1");

        await File.WriteAllTextAsync(Config, "{ \"schema\": 2 }");
        keep.Signal("HUP");
        await ReceiveAsync(systemd, "READY=1");
        Declare(exchange, Start(minutes: 600));
        keep.Signal("HUP");
        await UntilStoredAsync(Start(minutes: 600));
        keep.Signal("INT");

        (int exitCode, _, string error) = await keep.WaitAsync();
        Assert.Equal(0, exitCode);
        Assert.Contains("The declaration stays as it was. In the declaration", error, StringComparison.Ordinal);
        await StoredHistory.AssertCompleteAsync(_folder.File("bars.db"), Stream, market, new TimeRange(Start(minutes: 600), Newest() - 600));
    }

    [UnixFileFact]
    public async Task It_stops_within_five_seconds_while_a_source_hangs()
    {
        await using SimulatedExchange exchange = StartExchange(out _);
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        exchange.Faults.Rule = _ =>
        {
            asked.TrySetResult();
            return SimulatedFault.Stall;
        };
        Declare(exchange, Start(minutes: 300));
        using QmtlProcess keep = QmtlProcess.Start("keep", "--config", Config);
        await asked.Task;

        var clock = System.Diagnostics.Stopwatch.StartNew();
        keep.Signal("TERM");

        Assert.Equal(0, (await keep.WaitAsync()).ExitCode);
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task What_a_kill_leaves_is_kept_on_with_and_no_page_is_asked_for_twice()
    {
        await using SimulatedExchange exchange = StartExchange(out ISimulatedMarket market);
        long start = Start(minutes: 150_000);
        Declare(exchange, start);
        var random = new Random(7);
        TimeRangeSet committed = TimeRangeSet.Empty(Stream.Interval);
        for (int kill = 0; kill < 4; kill++)
        {
            int before = exchange.Requests.Count;
            var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            long target = exchange.RequestCount + random.Next(2, 40);
            exchange.Faults.Rule = request =>
            {
                if (request.Number >= target)
                {
                    reached.TrySetResult();
                }

                return null;
            };
            using QmtlProcess keep = QmtlProcess.Start("keep", "--config", Config);
            await reached.Task;
            keep.Kill();
            await keep.WaitAsync();

            AssertNothingAskedTwice(exchange, before, committed);
            TimeRangeSet kept = await StoredHistory.CommittedAsync(_folder.File("bars.db"), Stream, new TimeRange(start, Newest()));
            Assert.True(committed.Subtract(kept).IsEmpty, "A bar that was committed is gone.");
            committed = kept;
        }

        int last = exchange.Requests.Count;
        using QmtlProcess final = QmtlProcess.Start("keep", "--config", Config);
        await UntilStoredAsync(start);
        final.Signal("TERM");
        Assert.Equal(0, (await final.WaitAsync()).ExitCode);

        Assert.False(committed.IsEmpty, "No run got as far as a commit: the kills came too early to mean anything.");
        AssertNothingAskedTwice(exchange, last, committed);
        await StoredHistory.AssertCompleteAsync(_folder.File("bars.db"), Stream, market, new TimeRange(start, Newest() - 600));
    }

    [Fact]
    public async Task Five_thousand_streams_take_less_than_250_MB()
    {
        const int Streams = 5000;
        string[] nodes = [.. Enumerable.Range(0, Streams).Select(number => $"N{number}")];
        await using SimulatedExchange exchange = SimulatedExchange.Start(new SimulatedExchangeOptions
        {
            Markets = [.. nodes.Select(node => new GeneratedMarket(node))],
            WeightPerMinute = null,
        });
        using var port = new HeldPort();
        File.WriteAllText(Config, $$"""
            {
              "schema": 1,
              "stores": { "main": { "path": "bars.db", "table": "bars" } },
              "sources": { "exchange": { "kind": "binance", "baseUri": "{{exchange.BaseUri}}" } },
              "streams": [{ "nodes": {{JsonSerializer.Serialize(nodes)}}, "intervals": "1h", "source": "exchange", "start": {{Start(minutes: 240)}} }],
              "limits": { "throttle": 32 },
              "metrics": { "port": {{port.Number}} }
            }
            """);
        using QmtlProcess keep = QmtlProcess.Start("keep", "--config", Config);
        using var client = new HttpClient();
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        while (!await IsReadyAsync(client, patience.Token))
        {
            await Task.Delay(50, patience.Token);
        }

        long held = keep.ResidentBytes;
        keep.Signal("TERM");

        (int exitCode, _, string error) = await keep.WaitAsync();
        Assert.Equal((0, string.Empty), (exitCode, error));
        Assert.True(exchange.RequestCount >= Streams);
        Assert.InRange(held, 1, 250_000_000);
    }

    private static long Newest() => Stream.Interval.LastClosedBar(TimeProvider.System.GetUtcNow());

    private static long Start(int minutes) => Now - (60L * minutes);

    private static SimulatedExchange StartExchange(out ISimulatedMarket market)
    {
        market = new GeneratedMarket(Stream.NodeId) { QuietShare = 0.2, Outages = new OutageSchedule() };
        return SimulatedExchange.Start(new SimulatedExchangeOptions { Markets = [market], WeightPerMinute = null, Latency = TimeSpan.FromMilliseconds(10) });
    }

    // The newest bars are compared whenever a new one comes, so they are asked for again on purpose.
    private static void AssertNothingAskedTwice(SimulatedExchange exchange, int from, TimeRangeSet committed) =>
        Assert.All(exchange.Requests.Skip(from).Where(request => request.End < Now - 600), request => Assert.False(
            committed.Contains(request.Start!.Value) || committed.Contains(request.End!.Value / 60 * 60),
            $"{UnixTime.Format(request.Start.Value)} to {UnixTime.Format(request.End!.Value)} was asked for again."));

    private static async Task<string> ReceiveAsync(Socket systemd, string beginning)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        byte[] buffer = new byte[4096];
        while (true)
        {
            int length = await systemd.ReceiveAsync(buffer, SocketFlags.None, patience.Token);
            string message = Encoding.UTF8.GetString(buffer, 0, length);
            if (message.StartsWith(beginning, StringComparison.Ordinal))
            {
                return message;
            }
        }
    }

    private async Task<bool> IsReadyAsync(HttpClient client, CancellationToken cancellationToken)
    {
        using var declared = JsonDocument.Parse(await File.ReadAllTextAsync(Config, cancellationToken));
        int port = declared.RootElement.GetProperty("metrics").GetProperty("port").GetInt32();
        try
        {
            return (await client.GetAsync(new Uri($"http://127.0.0.1:{port}/readyz"), cancellationToken)).IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            // It does not listen yet.
            return false;
        }
    }

    // Stands in systemd's place.
    private Socket Listen()
    {
        var systemd = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        systemd.Bind(new UnixDomainSocketEndPoint(NotifyPath));
        return systemd;
    }

    private void Declare(SimulatedExchange exchange, long start) => File.WriteAllText(Config, $$"""
        {
          "schema": 1,
          "stores": { "main": { "path": "bars.db" } },
          "sources": { "exchange": { "kind": "binance", "baseUri": "{{exchange.BaseUri}}" } },
          "streams": [{ "nodes": ["{{Stream.NodeId}}"], "intervals": "1m", "source": "exchange", "start": {{start}} }]
        }
        """);

    // Young bars may not be there yet; those older than ten minutes are.
    private async Task UntilStoredAsync(long start)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        var range = new TimeRange(start, Now - 600);
        while (!File.Exists(_folder.File("bars.db"))
            || !new TimeRangeSet(Stream.Interval, range).Subtract(await StoredHistory.CommittedAsync(_folder.File("bars.db"), Stream, range)).IsEmpty)
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Delay(20, patience.Token);
        }
    }
}
