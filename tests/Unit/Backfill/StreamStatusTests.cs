using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.History;
using Qmtl.Time;

namespace Qmtl.Unit.Backfill;

public sealed class StreamStatusTests
{
    private static readonly StreamKey Stream = new("BTCUSDT", BarInterval.FromSeconds(60));
    private static readonly TimeSpan Budget = TimeSpan.FromMinutes(5);

    private readonly InMemoryHistoryStore _store = new();

    [Fact]
    public async Task A_stream_whose_closed_bars_are_all_there_is_fresh_and_not_late()
    {
        _store.Seed(Stream, 60, 120, 180);

        StreamStatus status = await FindAsync(At(299));

        Assert.Equal((StreamState.Fresh, TimeSpan.Zero, 0L, 0L, 1.0), (status.State, status.Staleness, status.Behind, status.Missing, status.Coverage));
        Assert.Equal((180L, 180L, 240L), (status.Newest, status.Expected, status.Due));
    }

    [Theory]
    [InlineData(300, 0, 1, StreamState.Fresh)]
    [InlineData(301, 1, 1, StreamState.Fresh)]
    [InlineData(600, 300, 6, StreamState.Fresh)]
    [InlineData(601, 301, 6, StreamState.Stale)]
    public async Task Lateness_counts_from_the_close_of_the_first_bar_that_is_not_there(int now, int late, int behind, StreamState state)
    {
        _store.Seed(Stream, 60, 120, 180);

        StreamStatus status = await FindAsync(At(now));

        Assert.Equal((TimeSpan.FromSeconds(late), (long)behind, state), (status.Staleness, status.Behind, status.State));
    }

    [Fact]
    public async Task A_bar_of_a_time_to_come_hides_no_lateness()
    {
        _store.Seed(Stream, 60, 120, 180, 6000);

        StreamStatus status = await FindAsync(At(601), first: 60);

        Assert.Equal((StreamState.Stale, 180L, 240L, TimeSpan.FromSeconds(301)), (status.State, status.Newest, status.Due, status.Staleness));
        Assert.Equal((6L, 0L), (status.Behind, status.Missing));
    }

    [Fact]
    public async Task One_budget_does_for_bars_of_every_length()
    {
        var days = new StreamKey("BTCUSDT", BarInterval.Parse("1d"));
        _store.Seed(days, 0);
        const int Closed = 2 * 86400;

        StreamStatus[] found = [await FindAsync(At(Closed + 300), days), await FindAsync(At(Closed + 301), days)];

        Assert.Equal([StreamState.Fresh, StreamState.Stale], found.Select(status => status.State));
    }

    [Fact]
    public async Task Bars_known_not_to_exist_are_neither_late_nor_missing()
    {
        _store.Seed(Stream, 180, 240);
        await KnowEmptyAsync((60, 120), (300, 300), (420, 480));

        // 360 is waited for, whatever is known of those after it.
        StreamStatus status = await FindAsync(At(900), first: 60);

        Assert.Equal((360L, TimeSpan.FromSeconds(480), 0L, 1.0), (status.Due, status.Staleness, status.Missing, status.Coverage));
        Assert.Equal(7, status.Behind);

        await KnowEmptyAsync((360, 840));
        Assert.Equal((900L, TimeSpan.Zero, StreamState.Fresh), (await FindAsync(At(900))) is var all ? (all.Due, all.Staleness, all.State) : default);
    }

    [Fact]
    public async Task What_lacks_before_the_first_stored_bar_counts_from_the_expected_start_on()
    {
        _store.Seed(Stream, 300, 360, 480);
        await KnowEmptyAsync((60, 120));

        StreamStatus status = await FindAsync(At(540), first: 60);

        // 180, 240 and 420 of the six bars that can exist.
        Assert.Equal((StreamState.Incomplete, 3L, 0.5, 50.0), (status.State, status.Missing, status.Coverage, status.Percent));
        Assert.Equal((StreamState.Incomplete, 1L), (await FindAsync(At(540))) is var stored ? (stored.State, stored.Missing) : default);
    }

    [Fact]
    public async Task What_lies_before_the_expected_start_does_not_count()
    {
        _store.Seed(Stream, 60, 300, 360);

        StreamStatus status = await FindAsync(At(420), first: 300);
        Assert.Equal((StreamState.Fresh, 2L, 0L), (status.State, status.History!.Bars, status.Missing));

        // All that is stored is older than the start.
        StreamStatus none = await FindAsync(At(2000), first: 600);
        Assert.Equal((StreamState.Absent, 600L, TimeSpan.FromSeconds(1340)), (none.State, none.Due, none.Staleness));
    }

    [Fact]
    public async Task A_stream_without_a_bar_is_absent_unless_none_is_due()
    {
        StreamStatus absent = await FindAsync(At(600), first: 61);
        Assert.Equal((StreamState.Absent, 120L, TimeSpan.FromSeconds(420), 0.0, 8L), (absent.State, absent.Due, absent.Staleness, absent.Coverage, absent.Behind));

        Assert.Equal((StreamState.Fresh, TimeSpan.Zero, 1.0), (await FindAsync(At(600), first: 600)) is var future ? (future.State, future.Staleness, future.Coverage) : default);

        StreamStatus unknown = await FindAsync(At(600));
        Assert.Equal((StreamState.Absent, null, null), (unknown.State, unknown.Due, unknown.Staleness));

        await KnowEmptyAsync((60, 540));
        Assert.Equal((StreamState.Fresh, 100.0), (await FindAsync(At(600), first: 60)) is var empty ? (empty.State, empty.Percent) : default);
    }

    [Fact]
    public async Task The_worst_come_first()
    {
        StreamKey[] streams = [.. new[] { "absent", "complete", "hole", "late", "later" }.Select(id => new StreamKey(id, Stream.Interval))];
        _store.Seed(streams[1], 1140);
        _store.Seed(streams[2], 1020, 1140);
        _store.Seed(streams[3], 600);
        _store.Seed(streams[4], 300);

        IReadOnlyList<StreamStatus> found = await StreamStatus.FindAsync(
            new StoreHistoryProvider(_store), [.. streams.Select(stream => new StreamExpectation(stream, null, Budget))], At(1200));

        Assert.Equal(["absent", "later", "late", "hole", "complete"], found.Order(StreamStatus.WorstFirst).Select(status => status.Stream.NodeId));
    }

    [Theory]
    [InlineData("1s", "00:05:00")]
    [InlineData("1m", "00:05:00")]
    [InlineData("15m", "00:30:00")]
    [InlineData("1d", "1.00:00:00")]
    [InlineData("1M", "1.00:00:00")]
    public void The_default_budget_is_two_bars_within_reason(string interval, string budget) =>
        Assert.Equal(TimeSpan.Parse(budget, null), StreamStatus.DefaultBudget(BarInterval.Parse(interval)));

    [Fact]
    public async Task A_negative_budget_is_refused() => Assert.StartsWith(
        "Budget must be from",
        (await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => StreamStatus.FindAsync(
            new StoreHistoryProvider(_store), [new StreamExpectation(Stream, null, TimeSpan.FromSeconds(-1))], At(0)))).Message,
        StringComparison.Ordinal);

    private static DateTimeOffset At(long seconds) => DateTimeOffset.FromUnixTimeSeconds(seconds);

    private async Task<StreamStatus> FindAsync(DateTimeOffset now, StreamKey? stream = null, long? first = null) => Assert.Single(
        await StreamStatus.FindAsync(new StoreHistoryProvider(_store), [new StreamExpectation(stream ?? Stream, first, Budget)], now));

    private Task KnowEmptyAsync(params (long Start, long End)[] ranges)
    {
        var empty = new TimeRangeSet(Stream.Interval, ranges.Select(range => new TimeRange(range.Start, range.End)));
        return _store.WriteAsync(Stream, [new BarPage("a", BarFrame.Empty(Stream.Interval), empty, empty)]);
    }
}
