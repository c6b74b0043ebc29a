using Microsoft.Extensions.Logging;
using Qmtl.History;
using Qmtl.Running;
using Qmtl.Strategies;
using Qmtl.Strategies.Warmup;
using Qmtl.Streams;
using Qmtl.Time;
using Qmtl.Unit.Logging;
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
        await UntilAsync(() => _results.Count == 11);

        StrategyRun run = await StopAsync(running);
        Assert.Equal(Enumerable.Range(98, 11).Select(minute => $"both@{minute}={minute * 2}"), _results);
        Assert.Equal(0, run.Pipeline.LateBars);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Streams_that_come_back_apart_wait_for_each_other_for_the_patience(bool isInStep)
    {
        StreamInput c = Stream("C");
        Arrive(c, 98, 99);
        Task<StrategyRun> running = FollowAsync(
            new ComputeNode(
                view => Qmtl.Payloads.Payload.FromNumber(view[_a.Key].Values("close")[^1] + view[_b.Key].Values("close")[^1]),
                new NodeOptions { Name = "both", Inputs = [_a, _b], Trigger = NodeTrigger.AllInputs }),
            Graphs.Sum("sum", _a, _b),
            Graphs.Sum("c", c));
        for (int minute = 100; minute < 109; minute++)
        {
            await ComeToMinuteAsync(minute + 1);
            Arrive(c, minute);
        }

        await AdvanceUntilAsync(() => _results.Contains("c@108=108"));
        Arrive(_a, Enumerable.Range(100, 9));
        await (isInStep ? AdvanceAsync(3) : AdvanceUntilAsync(() => _results.Contains("sum@108=207")));
        Assert.DoesNotContain("both@100=200", _results);
        Arrive(_b, Enumerable.Range(100, 9));
        await UntilAsync(() => _results.Contains("sum@108=216"));

        StrategyRun run = await StopAsync(running);
        IEnumerable<int> given = isInStep ? Enumerable.Range(98, 11) : [98, 99, 108];
        Assert.Equal(
            given.Select(minute => $"both@{minute}={minute * 2}"),
            _results.Where(line => line.StartsWith("both", StringComparison.Ordinal)));
        Assert.Equal(3 * 11, run.BarsReplayed);
        Assert.Single(_warnings, warning => warning.StartsWith("A 1m is behind", StringComparison.Ordinal));
        Assert.Single(_warnings, warning => warning.StartsWith("B 1m is behind", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_stream_whose_every_bar_is_late_is_told_of_once_an_hour_and_whenever_it_is_behind_for_long()
    {
        using var log = new CollectingLoggerFactory();
        (StreamInput late, StreamInput other) = (Stream("L", "10m"), Stream("O", "10m"));
        Arrive(late, 80, 90);
        Arrive(other, 80, 90);
        Task<StrategyRun> running = FollowAsync(
            new RunnerOptions { OnWarning = _warnings.Add, LoggerFactory = log }, Graphs.Sum("sum", late, other));
        for (int minute = 100; minute < 180; minute += 10)
        {
            await GoOnWithoutAsync(minute);
            Arrive(late, minute);
            await UntilAsync(() => _results.Contains($"sum@{minute}={minute * 2}"));
        }

        await UntilAsync(() => _warnings.Count == 4);
        string[] told = [.. _warnings];
        Assert.StartsWith("L 10m is behind: its bar of 1970-01-01T01:40:00Z has not come.", told[0], StringComparison.Ordinal);
        Assert.EndsWith("until it has caught up.", told[0], StringComparison.Ordinal);
        Assert.StartsWith("L 10m is behind", told[2], StringComparison.Ordinal);
        Assert.Matches("So it was with [56] bars since this was told last.$", told[2]);

        await GoOnWithoutAsync(180);
        Assert.Equal(4, _warnings.Count);
        await AdvanceUntilAsync(() => _warnings.Any(warning => warning.StartsWith("L 10m is behind: its bar of 1970-01-01T03:00", StringComparison.Ordinal)));
        await StopAsync(running);
        IReadOnlyList<LoggedEvent> behind = log.Named("follow.behind");
        Assert.Equal((LogLevel.Warning, "L", 600L, 6000L, 0), (behind[0].Level, behind[0].Fields["node_id"], behind[0].Fields["interval"], behind[0].Fields["timestamp"], behind[0].Fields["untold"]));
        Assert.Equal(2, log.Named("follow.caught_up").Count);

        async Task GoOnWithoutAsync(int minute)
        {
            await ComeToMinuteAsync(minute + 10);
            Arrive(other, minute);
            await AdvanceUntilAsync(() => _results.Contains($"sum@{minute}={(minute * 2) - 10}"));
        }
    }

    [Fact]
    public async Task A_store_that_stays_away_holds_up_no_stream_of_another_for_longer_than_the_patience()
    {
        Task<StrategyRun> running = FollowAsync(Graphs.Sum("a", _a), Graphs.Sum("b", _b));
        await UntilAsync(() => _results.Count == 4);
        _store.Away = _a.Key;
        await ComeToMinuteAsync(101);
        Arrive(_a, 100);
        Arrive(_b, 100);
        await AdvanceUntilAsync(() => _results.Contains("b@100=100"));
        _store.Away = null;
        await AdvanceUntilAsync(() => _results.Contains("a@100=100"));
        await StopAsync(running);
        Assert.Single(_warnings, warning => warning.StartsWith("A 1m cannot be read at present", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_read_is_tried_again_as_often_as_the_run_says()
    {
        var options = new RunnerOptions { OnWarning = _warnings.Add, Warmup = new HistoryWarmupOptions { MaxRetries = 2 } };
        Task<StrategyRun> running = FollowAsync(options, Graphs.Sum("a", _a));
        await UntilAsync(() => _results.Count == 2);
        _store.Failure = new StoreException("The store is away.") { IsTransient = true };
        await ComeToMinuteAsync(101);
        Arrive(_a, 100);
        await AdvanceUntilAsync(() => _results.Count == 3);
        Assert.Empty(_warnings);
        await StopAsync(running);
    }

    [Fact]
    public async Task A_range_in_which_no_bar_opens_is_an_error()
    {
        var options = new FollowOptions { Watch = _store, Start = UnixTime.FromSeconds(6010), End = UnixTime.FromSeconds(6050) };
        ArgumentException error = await Assert.ThrowsAsync<ArgumentException>(
            () => new Runner(null, _clock).FollowAsync(new NodeStrategy("s", _a), _ => { }, options));
        Assert.StartsWith("No 1m bar that has closed opens from 1970-01-01T01:40:10Z to 1970-01-01T01:40:50Z", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_hole_that_is_filled_while_history_is_replayed_comes_once()
    {
        Arrive(_a, Enumerable.Range(80, 10));
        var told = new List<string>();
        Task<StrategyRun> running = new Runner(new RunnerOptions { OnWarning = _warnings.Add }, _clock).FollowAsync(
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
        await new Runner(new RunnerOptions { OnWarning = _warnings.Add }, _clock).FollowAsync(
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

        // The clock runs much faster than the recorder's disk, so the test's own time is what bounds the wait.
        await AdvanceUntilAsync(() => _recorder!.GetReport().Recorded >= 4 + later.Count);

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
