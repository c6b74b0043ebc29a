using Qmtl.Running;
using Qmtl.Strategies;
using Qmtl.Streams;
using Qmtl.Time;
using Qmtl.Unit.Strategies;

namespace Qmtl.Unit.Running;

/// <content>What comes out of step.</content>
public sealed partial class FollowTests
{
    [Fact]
    public async Task After_an_outage_of_all_streams_a_node_over_all_of_them_lacks_no_time()
    {
        var both = new ComputeNode(
            view => Qmtl.Payloads.Payload.FromNumber(view[_a.Key].Values("close")[^1] + view[_b.Key].Values("close")[^1]),
            new NodeOptions { Name = "both", Inputs = [_a, _b], Trigger = NodeTrigger.AllInputs });
        Task<StrategyRun> running = FollowAsync(both);
        await UntilAsync(() => _results.Count == 2);
        await ComeToMinuteAsync(109);
        Arrive(_a, Enumerable.Range(100, 9));
        await AdvanceAsync(3);
        Arrive(_b, Enumerable.Range(100, 9));
        await AdvanceAsync(5);

        StrategyRun run = await StopAsync(running);
        Assert.Equal(Enumerable.Range(98, 11).Select(minute => $"both@{minute}={minute * 2}"), _results);
        Assert.Equal(0, run.Pipeline.LateBars);
    }

    [Fact]
    public async Task A_hole_that_is_filled_while_history_is_replayed_comes_once()
    {
        Arrive(_a, Enumerable.Range(80, 10));
        var told = new List<string>();
        Task<StrategyRun> running = new Runner(new RunnerOptions { OnWarning = Warn }, _clock).FollowAsync(
            new NodeStrategy("followed", Graphs.Sum("a", _a)),
            result => _results.Add(Graphs.Line(result)),
            new FollowOptions
            {
                Watch = _store,
                Start = UnixTime.FromSeconds(80 * 60),
                OnStarted = _ => Arrive(_a, 90, 91),
            },
            _stop.Token);
        await UntilAsync(() => _results.Contains("a@99=99"));
        await ComeToMinuteAsync(101);
        Arrive(_a, 100);
        await UntilAsync(() => _results.Contains("a@100=100"));
        StrategyRun run = await StopAsync(running);
        Assert.Equal((15, 0), (run.BarsReplayed, run.Pipeline.LateBars));
    }

    [Fact]
    public async Task Without_patience_nobody_is_told_of_bars_that_come_when_they_are_asked_for()
    {
        _patience = TimeSpan.Zero;
        Task<StrategyRun> running = FollowAsync(Graphs.Sum("sum", _a, _b));
        for (int minute = 100; minute < 105; minute++)
        {
            await ComeToMinuteAsync(minute + 1);
            await AdvanceAsync(2);
            Arrive(_a, minute);
            Arrive(_b, minute);
            await AdvanceAsync(1);
        }

        await StopAsync(running);
        Assert.Empty(_warnings);
    }

    [Fact]
    public async Task A_bar_that_is_late_when_the_run_begins_is_no_failure()
    {
        StreamInput c = Stream("C");
        Arrive(c, 98);
        Task<StrategyRun> running = FollowAsync(OnMissing.Fail, Graphs.Sum("c", c));
        await UntilAsync(() => _results.Count == 1 || running.IsCompleted);
        Arrive(c, 99);
        await UntilAsync(() => _results.Count == 2 || running.IsCompleted);
        await StopAsync(running);
        Assert.Equal(["c@98=98", "c@99=99"], _results);
        Assert.Empty(_warnings);
    }

    [Fact]
    public async Task A_second_run_over_an_earlier_range_gives_its_results()
    {
        Arrive(_a, Enumerable.Range(50, 48));
        Task<StrategyRun> first = FollowAsync(Graphs.Sum("a", _a));
        await UntilAsync(() => _results.Count == 2);
        await StopAsync(first);
        _results.Clear();
        await new Runner(new RunnerOptions { OnWarning = Warn }, _clock).FollowAsync(
            new NodeStrategy("followed", Graphs.Sum("a", _a)),
            result => _results.Add(Graphs.Line(result)),
            new FollowOptions { Watch = _store, End = UnixTime.FromSeconds(70 * 60) });
        Assert.Equal(["a@69=69", "a@70=70"], _results);
        Assert.Empty(_warnings);
    }

    [Fact]
    public async Task What_was_away_and_comes_back_newest_first_is_computed_in_order()
    {
        Task<StrategyRun> running = FollowAsync(Graphs.Sum("a", _a));
        await ComeToMinuteAsync(110);
        Arrive(_a, Enumerable.Range(107, 3));
        await AdvanceAsync(20);
        Arrive(_a, Enumerable.Range(103, 4));
        await AdvanceAsync(20);
        Arrive(_a, Enumerable.Range(100, 3));
        await UntilAsync(() => _results.Count == 12);

        StrategyRun run = await StopAsync(running);
        Assert.Equal(Enumerable.Range(98, 12).Select(minute => $"a@{minute}={minute}"), _results);
        Assert.Equal(0, run.Pipeline.LateBars);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Whatever_is_late_beyond_the_patience_each_bar_comes_once(int seed)
    {
        var random = new Random(seed);
        _patience = TimeSpan.FromSeconds(random.Next(40));
        StreamInput pairs = Stream("C", "2m");
        StreamInput[] streams = [_a, _b, pairs];
        Task<StrategyRun> running = FollowAsync(
            Graphs.Sum("a", _a), Graphs.Sum("b", _b), Graphs.Sum("c", pairs), Graphs.Sum("all", streams));
        var later = new List<(StreamInput Stream, int Minute, int Second)>();
        for (int minute = 100; minute < 125; minute++)
        {
            foreach (StreamInput stream in streams.Where(stream => minute * 60 % stream.Interval.Seconds == 0))
            {
                int late = random.Next(4) == 0 ? random.Next(400) : random.Next(5);
                later.Add((stream, minute, (minute * 60) + (int)stream.Interval.Seconds + late));
            }
        }

        // A last bar, with which holes that were filled are taken.
        later.AddRange(streams.Select(stream => (stream, 134, (134 * 60) + (int)stream.Interval.Seconds)));
        foreach ((StreamInput stream, int minute, int second) in later.OrderBy(bar => bar.Second))
        {
            await AdvanceAsync(Math.Max(0, second - (int)_clock.GetUtcNow().ToUnixTimeSeconds()));
            Arrive(stream, minute);
        }

        for (int second = 0; second < 3000 && _recorder!.GetReport().Recorded < 4 + later.Count; second++)
        {
            await AdvanceAsync(1);
        }

        StrategyRun run = await StopAsync(running);
        foreach (StreamInput stream in streams)
        {
            IEnumerable<int> first = stream == pairs ? [] : [98, 99];
            Assert.Equal(first.Concat(later.Where(bar => bar.Stream == stream).Select(bar => bar.Minute).Order()), await RecordedAsync(stream));
        }

        Assert.Equal(4 + later.Count, run.BarsReplayed);
        foreach (string node in (string[])["a", "b", "c"])
        {
            string[] given = [.. _results.Where(line => line.StartsWith(node + "@", StringComparison.Ordinal))];
            Assert.Equal(given.Distinct(), given);
            Assert.Equal(given.OrderBy(line => int.Parse(line.Split('@', '=')[1], System.Globalization.CultureInfo.InvariantCulture)), given);
        }
    }
}
