using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Qmtl.Backfill;
using Qmtl.History;
using Qmtl.Running;
using Qmtl.Strategies;
using Qmtl.Streams;
using Qmtl.Time;
using Qmtl.Unit.Backfill;
using Qmtl.Unit.Fixtures;
using Qmtl.Unit.Strategies;

namespace Qmtl.Unit.Logging;

/// <summary>The clock stands at minute 1,000, so bar 999 is the last that has closed; periods are 3.</summary>
public sealed class RunLogTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FakeTimeProvider _clock = new(DateTimeOffset.FromUnixTimeSeconds(1000 * 60));
    private readonly CollectingLoggerFactory _log = new();

    [Fact]
    public async Task A_warm_up_is_told_with_its_backfill()
    {
        await RunAsync(new NodeStrategy("one", Graphs.Sum("sum", Stream(new ScriptedFetcher()))));

        Assert.Single(_log.Named("backfill.complete"));
        LoggedEvent complete = Assert.Single(_log.Named("warmup.complete"));
        Assert.Equal(
            (LogLevel.Information, "A", 60L, 997 * 60L, 999 * 60L, 3L, 3L),
            (complete.Level, complete.Fields["node_id"], complete.Fields["interval"], complete.Fields["start"], complete.Fields["end"], complete.Fields["bars_loaded"], complete.Fields["bars_filled"]));
    }

    [Fact]
    public async Task Bars_that_are_missing_after_it_are_a_warning()
    {
        // Bar 999 has just closed: that the source does not have it yet is not believed for good.
        await RunAsync(new NodeStrategy("one", Graphs.Sum("sum", Stream(new ScriptedFetcher { Holes = [999 * 60] }))));

        LoggedEvent holes = Assert.Single(_log.Named("warmup.holes"));
        Assert.Equal((LogLevel.Warning, 1L, 2L), (holes.Level, holes.Fields["bars_missing"], holes.Fields["bars_loaded"]));
        Assert.Empty(_log.Named("warmup.complete"));
    }

    [Fact]
    public async Task A_warm_up_that_fails_is_an_error()
    {
        var fetcher = new ScriptedFetcher { Answer = (_, _, _, _) => throw new Qmtl.Fetching.SourceException("no such symbol") };

        await Assert.ThrowsAsync<WarmupFailedException>(() => RunAsync(new NodeStrategy("one", Graphs.Sum("sum", Stream(fetcher)))));

        LoggedEvent failed = Assert.Single(_log.Named("warmup.failed"));
        Assert.Equal((LogLevel.Error, "no such symbol"), (failed.Level, failed.Fields["error"]));
    }

    [Fact]
    public async Task A_node_that_throws_is_an_error_that_names_node_and_bar()
    {
        Node bad = new ComputeNode("bad", [Stream(new ScriptedFetcher())], static double (_) => throw new InvalidOperationException("divided by the moon"));

        await Assert.ThrowsAsync<NodeFailedException>(() => RunAsync(new NodeStrategy("one", bad)));

        LoggedEvent failed = Assert.Single(_log.Named("node.failed"));
        Assert.Equal(
            (LogLevel.Error, "bad", "A", "divided by the moon", nameof(InvalidOperationException)),
            (failed.Level, failed.Fields["node"], failed.Fields["node_id"], failed.Fields["error"], failed.Fields["error_type"]));
        Assert.Null(failed.Exception);
    }

    public void Dispose() => _folder.Dispose();

    private StreamInput Stream(ScriptedFetcher fetcher)
    {
        var provider = new StoreHistoryProvider(HistoryStoreFactory.Open(_folder.File("bars.db")), fetcher, timeProvider: _clock);
        return new StreamInput(new StreamInputOptions { NodeId = "A", Interval = BarInterval.FromSeconds(60), Period = 3, HistoryProvider = provider }, _clock);
    }

    private async Task RunAsync(Strategy strategy)
    {
        await using StrategyRun run = await new Runner(new RunnerOptions { LoggerFactory = _log }, _clock).OfflineAsync(strategy, _ => { });
    }
}
