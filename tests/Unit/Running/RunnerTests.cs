using Microsoft.Extensions.Time.Testing;
using Qmtl.Backfill;
using Qmtl.Payloads;
using Qmtl.Running;
using Qmtl.Strategies;
using Qmtl.Strategies.Warmup;
using Qmtl.Streams;
using Qmtl.Time;
using Qmtl.Unit.Fixtures;
using Qmtl.Unit.Strategies;
using Qmtl.Unit.Streams;

namespace Qmtl.Unit.Running;

/// <summary>Whole runs, offline. The clock stands at minute 1,000, so bar 999 is the last that has closed; periods are 3.</summary>
public sealed class RunnerTests
{
    private readonly FakeTimeProvider _clock = new(DateTimeOffset.FromUnixTimeSeconds(1000 * 60));
    private readonly SharedList<string> _results = new();
    private readonly SharedList<string> _warnings = new();

    [Fact]
    public async Task An_offline_run_warms_up_and_replays_in_order()
    {
        await using StrategyRun run = await RunOfflineAsync(new NodeStrategy("two", Graphs.Sum("sum", Stream("A"), Stream("B"))));

        Assert.Equal(["sum@997=1994", "sum@998=1995", "sum@998=1996", "sum@999=1997", "sum@999=1998"], _results);
        Assert.Equal(2, run.Warmup.Count);
        Assert.All(run.Warmup, result => Assert.Equal((BackfillStatus.Completed, 3L), (result.Status, result.BarsLoaded)));
        Assert.Equal((5, 6), (run.Results, run.BarsReplayed));
        Assert.Empty(_warnings);
    }

    [Fact]
    public async Task A_stream_whose_history_fails_ends_the_run_before_the_replay_and_is_named()
    {
        StreamInput bad = Stream("BAD", new ScriptedProvider { Coverage = _ => throw new InvalidOperationException("the disk is on fire.") });

        WarmupFailedException error = await Assert.ThrowsAsync<WarmupFailedException>(() => RunOfflineAsync(new NodeStrategy("two", Graphs.Sum("sum", Stream("A"), bad))));

        Assert.Contains("BAD", error.Message, StringComparison.Ordinal);
        Assert.Contains("the disk is on fire", error.Message, StringComparison.Ordinal);
        Assert.Equal([BackfillStatus.Failed, BackfillStatus.Completed], error.Results.OrderBy(result => result.Stream.NodeId, StringComparer.Ordinal).Select(result => result.Status).Order().Reverse());
        Assert.Empty(_results);
    }

    [Fact]
    public async Task A_stream_without_provider_is_a_warning_where_holes_are_skipped()
    {
        StreamInput live = new(new StreamInputOptions { NodeId = "LIVE", Interval = Bars.Minute });

        await using StrategyRun run = await RunOfflineAsync(new NodeStrategy("two", Graphs.Sum("a", Stream("A")), Graphs.Sum("live", live)));

        Assert.Contains("LIVE", Assert.Single(_warnings), StringComparison.Ordinal);
        Assert.Equal(3, _results.Count);
        Assert.Equal(["live@1000=7"], run.Pipeline.Feed(live, 60_000, Payload.FromBar(Bars.AtMinutes([1000], _ => 7).GetRow(0))).Select(Graphs.Line));
    }

    [Fact]
    public async Task A_stream_without_provider_ends_the_run_where_holes_fail()
    {
        StreamInput live = new(new StreamInputOptions { NodeId = "LIVE", Interval = Bars.Minute });
        var runner = new Runner(new RunnerOptions { Warmup = new HistoryWarmupOptions { OnMissing = OnMissing.Fail } }, _clock);

        WarmupFailedException error = await Assert.ThrowsAsync<WarmupFailedException>(() => runner.OfflineAsync(new NodeStrategy("one", Graphs.Sum("live", live)), Take));

        Assert.Contains("LIVE", error.Message, StringComparison.Ordinal);
        Assert.Contains("no history provider", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_pipeline_warns_of_reaches_the_operator()
    {
        StreamInput a = Stream("A");
        await using StrategyRun run = await RunOfflineAsync(new NodeStrategy("one", Graphs.Sum("sum", a)));

        run.Pipeline.Feed(a, 997 * 60, Payload.FromBar(Bars.AtMinutes(997).GetRow(0)));

        Assert.Contains("The bar 1970-01-01T16:37:00Z of A 1m came after", Assert.Single(_warnings), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stream_that_is_too_short_for_a_node_is_a_warning()
    {
        await using StrategyRun run = await RunOfflineAsync(new NodeStrategy("one", Graphs.Sum("sum", 4, Stream("A"))));

        Assert.Contains("needs 4 bars of A 1m, whose period is 3", Assert.Single(_warnings), StringComparison.Ordinal);
        Assert.Empty(_results);
    }

    [Fact]
    public async Task A_stream_that_is_too_short_for_a_node_of_a_node_is_a_warning_too()
    {
        Node mean = Graphs.Sum("mean", 2, Stream("A"));
        Node trend = Graphs.Sum("trend", 3, mean);

        await using StrategyRun run = await RunOfflineAsync(new NodeStrategy("chain", Graphs.Sum("after", 5, trend)));

        Assert.Contains("'trend' needs 3 results of 'mean', which gives at most 2 from this history", Assert.Single(_warnings), StringComparison.Ordinal);
        Assert.Contains("a period longer by 1.", _warnings[0], StringComparison.Ordinal);
        Assert.All(_results, result => Assert.StartsWith("mean@", result, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_stream_that_is_just_long_enough_for_a_node_of_a_node_is_none()
    {
        Node mean = Graphs.Sum("mean", 2, Stream("A"));

        await using StrategyRun run = await RunOfflineAsync(new NodeStrategy("chain", Graphs.Sum("trend", 2, mean, Stream("B"))));

        Assert.Empty(_warnings);
        Assert.Contains(_results, result => result.StartsWith("trend@999", StringComparison.Ordinal));
    }

    internal static ScriptedProvider Provider() => new()
    {
        Coverage = within => new TimeRangeSet(Bars.Minute, within!.Value),
        Pages = range => [Bars.AtMinutes(Enumerable.Range((int)(range.Start / 60), (int)((range.End - range.Start) / 60) + 1))],
    };

    private StreamInput Stream(string id, ScriptedProvider? provider = null) =>
        new(new StreamInputOptions { NodeId = id, Interval = Bars.Minute, Period = 3, HistoryProvider = provider ?? Provider() }, _clock);

    private void Take(NodeResult result) => _results.Add(Graphs.Line(result));

    private Runner CreateRunner() => new(new RunnerOptions { OnWarning = _warnings.Add }, _clock);

    private Task<StrategyRun> RunOfflineAsync(Strategy strategy) => CreateRunner().OfflineAsync(strategy, Take);
}
