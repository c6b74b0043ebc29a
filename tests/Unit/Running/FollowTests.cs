using Qmtl.Data;
using Qmtl.History;
using Qmtl.Recording;
using Qmtl.Running;
using Qmtl.Strategies;
using Qmtl.Streams;
using Qmtl.Time;
using Qmtl.Unit.Fixtures;
using Qmtl.Unit.Strategies;

namespace Qmtl.Unit.Running;

/// <summary>
/// Runs that go on while bars are late or do not come. Bars 98 and 99 of A and B are there when the run begins, at minute 100; the patience
/// is 30 seconds, from two seconds after a bar's close on.
/// </summary>
public sealed partial class FollowTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private readonly WaitedClock _clock = new(UnixTime.FromSeconds((100 * 60) + 5));
    private readonly ArrivingBars _store = new();
    private readonly SharedList<string> _results = new();
    private readonly SharedList<string> _warnings = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly StreamInput _a;
    private readonly StreamInput _b;
    private TimeSpan _patience = TimeSpan.FromSeconds(30);
    private EventRecorderService? _recorder;

    public FollowTests()
    {
        _a = Stream("A");
        _b = Stream("B");
        Arrive(_a, 98, 99);
        Arrive(_b, 98, 99);
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (_recorder is not null)
        {
            await _recorder.DisposeAsync();
        }

        _stop.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Each_new_bar_is_computed_when_it_is_there_and_those_of_one_time_in_the_order_of_the_streams()
    {
        Task<StrategyRun> running = FollowAsync(Graphs.Sum("a", _a), Graphs.Sum("sum", _a, _b));
        await UntilAsync(() => _results.Count == 5);

        await ComeToMinuteAsync(101);
        Arrive(_b, 100);
        Arrive(_a, 100);
        await UntilAsync(() => _results.Count == 8);

        Assert.Equal(["a@98=98", "sum@98=196", "a@99=99", "sum@99=197", "sum@99=198", "a@100=100", "sum@100=199", "sum@100=200"], _results);
        StrategyRun run = await StopAsync(running);
        Assert.Equal((6, 8, 0), (run.BarsReplayed, run.Results, run.Pipeline.LateBars));
        Assert.Empty(_warnings);
    }

    [Fact]
    public async Task A_bar_waits_for_the_stream_before_it_until_the_patience_has_passed()
    {
        Task<StrategyRun> running = FollowAsync(Graphs.Sum("a", _a), Graphs.Sum("b", _b));
        await ComeToMinuteAsync(101);
        Arrive(_b, 100);
        await AdvanceAsync(29);
        Assert.Equal(4, _results.Count);

        await AdvanceUntilAsync(() => _results.Count == 5);

        Assert.Equal("b@100=100", _results[^1]);
        Assert.Contains("A 1m is behind: its bar of 1970-01-01T01:40:00Z has not come", Assert.Single(_warnings), StringComparison.Ordinal);
        await StopAsync(running);
    }

    [Fact]
    public async Task A_stream_that_is_behind_stops_nobody_and_its_bars_are_computed_when_they_come()
    {
        // Bars long enough that a thread that is late by the clock changes nothing.
        (StreamInput a, StreamInput b) = (Stream("L", "10m"), Stream("O", "10m"));
        Arrive(a, 80, 90);
        Arrive(b, 80, 90);
        Task<StrategyRun> running = FollowAsync(Graphs.Sum("a", a), Graphs.Sum("b", b), Graphs.Sum("after", Graphs.Sum("sum", a, b)));
        await ComeToMinuteAsync(110);
        Arrive(b, 100);
        await AdvanceUntilAsync(() => _results.Contains("b@100=100"));
        await ComeToMinuteAsync(130);
        Arrive(b, 110, 120);
        await AdvanceUntilAsync(() => _results.Contains("after@120=210"));
        _results.Clear();

        // A's bars are the newest of A, so what is over A alone is none the wiser; the sum of both has given a newer time already.
        Arrive(a, 100, 110, 120);
        await UntilAsync(() => _results.Contains("after@120=240"));
        Assert.Equal(["a@100=100", "sum@100=220", "a@110=110", "sum@110=230", "a@120=120", "sum@120=240", "after@120=240"], _results);

        // It has caught up: the others wait for it again.
        await ComeToMinuteAsync(140);
        Arrive(b, 130);
        await AdvanceAsync(5);
        Assert.DoesNotContain("b@130=130", _results);
        Arrive(a, 130);
        await UntilAsync(() => _results.Contains("b@130=130"));
        StrategyRun run = await StopAsync(running);
        Assert.Equal(2, run.Pipeline.LateBars);
        Assert.Single(_warnings, warning => warning.StartsWith("L 10m is behind", StringComparison.Ordinal));
        Assert.Single(_warnings, warning => warning.StartsWith("L 10m has caught up", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_hole_is_waited_for_and_computed_in_its_place()
    {
        _patience = TimeSpan.FromSeconds(90);
        Task<StrategyRun> running = FollowAsync(Graphs.Sum("a", 2, _a));
        await ComeToMinuteAsync(102);
        Arrive(_a, 101);
        await AdvanceAsync(20);
        Arrive(_a, 100);
        await UntilAsync(() => _results.Count == 3);

        Assert.Equal(["a@99=197", "a@100=199", "a@101=201"], _results);
        await StopAsync(running);
        Assert.Empty(_warnings);
    }

    [Fact]
    public async Task A_hole_that_stays_is_left_out_and_what_comes_of_it_later_is_kept_and_recorded()
    {
        _patience = TimeSpan.FromMinutes(3) + TimeSpan.FromSeconds(30);
        Task<StrategyRun> running = FollowAsync(Graphs.Sum("a", 2, _a));
        await ComeToMinuteAsync(104);
        Arrive(_a, 102, 103);
        await AdvanceUntilAsync(() => _results.Count == 2);
        Assert.Equal(["a@99=197", "a@103=205"], _results);
        Assert.Contains("A 1m lacks 2 bars from 1970-01-01T01:40:00Z on, and newer ones are there", Assert.Single(_warnings), StringComparison.Ordinal);

        Arrive(_a, 100);
        await ComeToMinuteAsync(105);
        Arrive(_a, 104);
        await UntilAsync(() => _results.Count == 3);
        Assert.Equal("a@104=207", _results[^1]);
        StrategyRun run = await StopAsync(running);
        Assert.Equal(1, run.Pipeline.LateBars);
        Assert.Equal([98, 99, 100, 102, 103, 104], await RecordedAsync(_a));
    }

    [Fact]
    public async Task A_hole_that_stays_ends_the_run_where_holes_fail()
    {
        Task<StrategyRun> running = FollowAsync(OnMissing.Fail, Graphs.Sum("a", _a));
        await ComeToMinuteAsync(102);
        Arrive(_a, 101);
        await AdvanceUntilAsync(() => running.IsCompleted, running);

        NodeFailedException failure = await Assert.ThrowsAsync<NodeFailedException>(() => running.WaitAsync(TimeSpan.FromMinutes(2)));
        Assert.IsType<MissingBarsException>(failure.InnerException);
        Assert.Contains("A 1m lacks the bar of 1970-01-01T01:40:00Z", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_bar_that_does_not_exist_is_no_reason_to_wait()
    {
        Task<StrategyRun> running = FollowAsync(Graphs.Sum("a", _a), Graphs.Sum("b", _b));
        await ComeToMinuteAsync(101);
        Arrive(_b, 100);
        _store.Arrive(_a.Key, 100 * 60, null);
        await UntilAsync(() => _results.Count == 5);

        Assert.Equal("b@100=100", _results[^1]);
        await StopAsync(running);
    }

    [Fact]
    public async Task A_store_that_is_away_is_told_once_and_nothing_is_lost()
    {
        Task<StrategyRun> running = FollowAsync(Graphs.Sum("a", _a));
        await UntilAsync(() => _results.Count == 2);
        _store.Failure = new StoreException("The store is away.") { IsTransient = true };
        await ComeToMinuteAsync(101);
        Arrive(_a, 100);
        await UntilAsync(() => _warnings.Count == 1);
        Assert.Contains("A 1m cannot be read at present, and is tried again until it can: The store is away.", _warnings[0], StringComparison.Ordinal);

        await AdvanceUntilAsync(() => _results.Count == 3);
        Assert.Equal("a@100=100", _results[^1]);
        await StopAsync(running);
    }

    [Fact]
    public async Task A_run_that_is_stopped_has_recorded_what_it_computed_and_each_bar_was_read_once()
    {
        _patience = TimeSpan.FromHours(1);
        Task<StrategyRun> running = FollowAsync(Graphs.Sum("sum", _a, _b));
        await ComeToMinuteAsync(110);
        Arrive(_a, Enumerable.Range(100, 10));
        Arrive(_b, Enumerable.Range(100, 7));
        await UntilAsync(() => _results.Contains("sum@107=213"));

        StrategyRun run = await StopAsync(running);

        Assert.Equal(Enumerable.Range(98, 10), await RecordedAsync(_a));
        Assert.Equal(Enumerable.Range(98, 9), await RecordedAsync(_b));
        Assert.Equal((19, 4 + 17), (run.BarsReplayed, _store.Read));

        // The nodes are free again, and go on where they were.
        Assert.Equal(["sum@107=213", "sum@108=214", "sum@109=215"], (await ReplayAsync()).Skip(17));
    }

    [Fact]
    public async Task A_node_that_fails_ends_the_run_and_is_named()
    {
        Task<StrategyRun> running = FollowAsync(
            new ComputeNode("bad", [_a], double (view) => view[_a.Key].Values("close")[^1] < 100 ? 1 : throw new FormatException("No.")));
        await ComeToMinuteAsync(101);
        Arrive(_a, 100);

        NodeFailedException failure = await Assert.ThrowsAsync<NodeFailedException>(() => running.WaitAsync(TimeSpan.FromMinutes(2)));
        Assert.Contains("'bad' failed at the bar of 1970-01-01T01:40:00Z", failure.Message, StringComparison.Ordinal);
        Assert.Equal([98, 99, 100], await RecordedAsync(_a));
    }

    [Fact]
    public async Task A_stream_without_provider_cannot_be_followed()
    {
        var live = new StreamInput(new StreamInputOptions { NodeId = "LIVE", Interval = _a.Interval });

        InvalidOperationException error = await Assert.ThrowsAsync<InvalidOperationException>(() => FollowAsync(Graphs.Sum("sum", live)));

        Assert.Contains("LIVE 1m has no history provider", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task By_opens_it_is_told_that_short_bars_wait_for_long_ones()
    {
        StreamInput hours = Stream("H", "1h");
        Task following = FollowAsync(Graphs.Sum("a", _a), Graphs.Sum("h", hours));
        await UntilAsync(() => _warnings.Count > 0 || following.IsCompleted);
        await _stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => following);

        Assert.Contains("By their opens, bars of 1m come after the bar of 1h that they lie in", _warnings[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(-1, null, "Patience must be from 00:00:00")]
    [InlineData(86401, null, "Patience must be from 00:00:00")]
    [InlineData(1, 50L, "End must not be before Start")]
    public async Task Options_outside_their_limits_are_refused(int patience, long? end, string says)
    {
        var options = new FollowOptions
        {
            Patience = TimeSpan.FromSeconds(patience),
            Start = UnixTime.FromSeconds(60),
            End = end is { } last ? UnixTime.FromSeconds(last) : null,
        };

        ArgumentOutOfRangeException error = await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            () => new Runner(null, _clock).FollowAsync(new NodeStrategy("s", _a), _ => { }, options));

        Assert.Contains(says, error.Message, StringComparison.Ordinal);
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (!condition())
        {
            limit.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    private StreamInput Stream(string id, string interval = "1m")
    {
        _recorder ??= new EventRecorderService(
            new StoreRecorder(HistoryStoreFactory.Open(_folder.File("recorded.db"))),
            new EventRecorderOptions { SpoolFolder = _folder.File("spool") });
        return new StreamInput(
            new StreamInputOptions
            {
                NodeId = id,
                Interval = BarInterval.Parse(interval),
                Period = 2,
                HistoryProvider = _store,
                EventService = _recorder,
            },
            _clock);
    }

    private void Arrive(StreamInput stream, params IEnumerable<int> minutes)
    {
        foreach (int minute in minutes)
        {
            _store.Arrive(stream.Key, minute * 60L, minute);
        }
    }

    private Task<StrategyRun> FollowAsync(params Node[] nodes) => FollowAsync(OnMissing.Skip, nodes);

    private Task<StrategyRun> FollowAsync(OnMissing onMissing, params Node[] nodes) => FollowAsync(
        new RunnerOptions { Pipeline = new PipelineOptions { OnMissing = onMissing }, OnWarning = _warnings.Add }, nodes);

    private Task<StrategyRun> FollowAsync(RunnerOptions options, params Node[] nodes) => new Runner(options, _clock).FollowAsync(
            new NodeStrategy("followed", nodes),
            result => _results.Add(Graphs.Line(result)),
            new FollowOptions { Watch = _store, Patience = _patience },
            _stop.Token);

    private async Task<StrategyRun> StopAsync(Task<StrategyRun> running)
    {
        await _stop.CancelAsync();
        return await running.WaitAsync(TimeSpan.FromMinutes(2));
    }

    private async Task<List<string>> ReplayAsync()
    {
        var lines = new List<string>();
        await new Pipeline([Graphs.Sum("sum", _a, _b)]).ReplayAsync(
            new TimeRange(98 * 60, 109 * 60), result => lines.Add(Graphs.Line(result)));
        return lines;
    }

    // Moves the clock on in steps, so that what waits for it has its turn in between.
    private async Task ComeToMinuteAsync(int minute)
    {
        while (_clock.GetUtcNow().ToUnixTimeSeconds() < minute * 60)
        {
            await AdvanceAsync(1);
        }
    }

    private async Task AdvanceAsync(int seconds, Task? running = null)
    {
        for (int second = 0; second < seconds && running is not { IsCompleted: true }; second++)
        {
            await UntilAsync(() => _clock.IsWaitedFor || running is { IsCompleted: true });
            _clock.Advance(TimeSpan.FromSeconds(1));
            for (int turn = 0; turn < 20; turn++)
            {
                await Task.Yield();
            }
        }
    }

    // How long something takes by the clock is not known to the second: a thread may set its timer late.
    private async Task AdvanceUntilAsync(Func<bool> condition, Task? running = null)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (!condition())
        {
            limit.Token.ThrowIfCancellationRequested();
            await AdvanceAsync(1, running);
        }
    }

    private async Task<List<int>> RecordedAsync(StreamInput stream)
    {
        await _recorder!.FlushAsync();
        await using IHistoryStore store = HistoryStoreFactory.Open(_folder.File("recorded.db"));
        var minutes = new List<int>();
        await foreach (BarFrame page in store.ReadAsync(stream.Key, new TimeRange(0, 1_000_000)))
        {
            minutes.AddRange(page.Rows.Select(row => (int)(row.Timestamp / 60)));
        }

        return minutes;
    }
}
