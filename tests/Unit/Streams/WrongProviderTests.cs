using Microsoft.Extensions.Time.Testing;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.Metrics.Collection;
using Qmtl.Streams;
using Qmtl.Time;

namespace Qmtl.Unit.Streams;

/// <summary>
/// Providers of somebody else's, right and wrong. The clock stands at minute 1,000 since the epoch; bars 100 to 104 are asked for.
/// </summary>
public class WrongProviderTests
{
    private readonly ScriptedProvider _provider = new();
    private readonly FakeTimeProvider _clock = new(DateTimeOffset.FromUnixTimeSeconds(1000 * 60));

    private static TimeRangeSet Set(params TimeRange[] ranges) => new(Bars.Minute, ranges);

    [Fact]
    public async Task A_right_one_is_filled_once_and_read_once()
    {
        TimeRangeSet has = Set(Bars.Minutes(100, 101));
        _provider.Coverage = within => has.Intersect(within!.Value);
        _provider.Fill = range => has = has.Union(Set(range));
        _provider.Pages = range => [Bars.AtMinutes(100, 101, 102), Bars.AtMinutes(103, 104)];
        StreamInput stream = Stream();

        BackfillResult load = await stream.LoadHistoryAsync(Bars.Minutes(100, 104));
        await stream.LoadHistoryAsync(Bars.Minutes(100, 104));

        Assert.Equal((5L, 3L, 0L, 0L, 1), (load.BarsLoaded, load.BarsWritten, load.BarsEmpty, load.BarsMissing, load.Requests));
        Assert.Equal([Bars.Minutes(102, 104)], _provider.Fills);
        Assert.Single(_provider.Fetches);
        Assert.Equal(2, _provider.CoverageCalls);
    }

    [Fact]
    public async Task One_that_has_everything_is_not_filled()
    {
        _provider.Coverage = _ => Set(Bars.Minutes(0, 500));
        _provider.Pages = _ => [Bars.AtMinutes(100, 101, 102, 103, 104)];

        BackfillResult load = await Stream().LoadHistoryAsync(Bars.Minutes(100, 104));

        Assert.Empty(_provider.Fills);
        Assert.Equal((5L, 0), (load.BarsLoaded, load.Requests));
    }

    [Fact]
    public async Task A_hole_that_it_did_not_fill_is_missing_and_asked_for_again()
    {
        _provider.Coverage = _ => Set(Bars.Minutes(100, 101), Bars.Minutes(103, 104));
        _provider.Pages = _ => [Bars.AtMinutes(100, 101, 103, 104)];
        StreamInput stream = Stream();

        BackfillResult load = await stream.LoadHistoryAsync(Bars.Minutes(100, 104));
        await stream.LoadHistoryAsync(Bars.Minutes(100, 104));

        Assert.Equal((4L, 0L, 1L, BackfillStatus.Partial), (load.BarsLoaded, load.BarsEmpty, load.BarsMissing, load.Status));
        Assert.Equal([Bars.Minutes(102, 102), Bars.Minutes(102, 102)], _provider.Fills);
    }

    [Fact]
    public async Task A_cancel_between_two_gaps_counts_what_was_filled_before()
    {
        using var cancel = new CancellationTokenSource();
        TimeRangeSet has = Set(Bars.Minutes(102, 102));
        _provider.Coverage = within => has.Intersect(within!.Value);
        _provider.Fill = range =>
        {
            has = has.Union(Set(range));
            cancel.Cancel();
        };

        BackfillResult cancelled = await ((IHistoryProvider)_provider)
            .CompleteAsync(new StreamKey("X", Bars.Minute), [Bars.Minutes(100, 104)], new BackfillEngine(timeProvider: _clock), cancel.Token)
            .SingleAsync(CancellationToken.None);

        Assert.Equal([Bars.Minutes(100, 101)], _provider.Fills);
        Assert.Equal((BackfillStatus.Cancelled, 2L, 2L, 1), (cancelled.Status, cancelled.BarsWritten, cancelled.BarsMissing, cancelled.Requests));
        Assert.Null(cancelled.Error);
    }

    [Fact]
    public async Task What_it_says_does_not_exist_is_not_asked_for()
    {
        _provider.Coverage = _ => Set(Bars.Minutes(100, 101), Bars.Minutes(103, 104));
        _provider.KnownEmpty = Set(Bars.Minutes(102, 102));
        _provider.Pages = _ => [Bars.AtMinutes(100, 101, 103, 104)];
        StreamInput stream = Stream();

        BackfillResult load = await stream.LoadHistoryAsync(Bars.Minutes(100, 104));

        Assert.Equal((4L, 1L, 0L), (load.BarsLoaded, load.BarsEmpty, load.BarsMissing));
        Assert.Empty(_provider.Fills);
    }

    [Fact]
    public async Task It_is_filled_gap_by_gap_and_never_where_it_has_bars()
    {
        TimeRangeSet has = Set(Bars.Minutes(101, 101), Bars.Minutes(103, 103));
        _provider.Coverage = within => has.Intersect(within!.Value);
        _provider.Fill = range => has = has.Union(Set(range));
        _provider.Pages = _ => [Bars.AtMinutes(100, 101, 102, 103, 104)];

        BackfillResult load = await Stream().LoadHistoryAsync(Bars.Minutes(100, 104));

        Assert.Equal([Bars.Minutes(100, 100), Bars.Minutes(102, 102), Bars.Minutes(104, 104)], _provider.Fills);
        Assert.Equal((5L, 3L, 0L, 3), (load.BarsLoaded, load.BarsWritten, load.BarsMissing, load.Requests));
    }

    [Fact]
    public async Task What_fails_for_a_passing_reason_is_tried_again_and_counted()
    {
        int calls = 0;
        TimeRangeSet has = Set(Bars.Minutes(100, 101));
        _provider.Options = new BackfillOptions { MaxRetries = 1, RetryDelay = TimeSpan.Zero };
        _provider.Coverage = within => calls++ == 0 ? throw new TimeoutException() : has.Intersect(within!.Value);
        _provider.Fill = range => has = _provider.Fills.Count == 1 ? throw new HttpRequestException("reset") : has.Union(Set(range));
        _provider.Pages = range => _provider.Fetches.Count == 1 ? Breaking() : [Bars.AtMinutes(102, 103, 104)];
        StreamInput stream = Stream();

        BackfillResult load = await stream.LoadHistoryAsync(Bars.Minutes(100, 104));

        Assert.Equal((5L, 3L, 0L, 2, 3), (load.BarsLoaded, load.BarsWritten, load.BarsMissing, load.Requests, load.Retries));
        Assert.Equal([Bars.Minutes(100, 104), Bars.Minutes(102, 104)], _provider.Fetches);
        Assert.Equal([100, 101, 102, 103, 104], Held(stream));

        static IEnumerable<BarFrame> Breaking()
        {
            yield return Bars.AtMinutes(100, 101);
            throw new IOException("The connection broke.");
        }
    }

    [Fact]
    public async Task Its_loads_are_measured_like_those_of_a_store()
    {
        using var collector = new MetricsCollector();
        var key = new StreamKey($"measured-{Guid.NewGuid():n}", Bars.Minute);
        _provider.Options = new BackfillOptions { MaxRetries = 1, RetryDelay = TimeSpan.Zero };
        _provider.Coverage = _ => Set(Bars.Minutes(100, 101), Bars.Minutes(103, 104));
        _provider.Pages = _ => throw new IOException("The connection broke.");
        var stream = new StreamInput(new StreamInputOptions { NodeId = key.NodeId, Interval = Bars.Minute, Period = 100, HistoryProvider = _provider }, _clock);

        await Assert.ThrowsAsync<IOException>(() => stream.LoadHistoryAsync(Bars.Minutes(100, 104)));

        Assert.Equal((1, 1, 101 * 60), (Value("backfill_retry_total"), Value("backfill_failure_total"), Value("backfill_last_timestamp")));
        Assert.Contains(collector.Collect(), family => family.Name == "backfill_jobs_in_progress");

        double Value(string name) => collector.Collect().Single(family => family.Name == name).Points.Single(point => point.Labels[0].Value == key.NodeId).Value;
    }

    [Fact]
    public async Task One_that_loads_the_stream_that_it_fills_is_told_so()
    {
        StreamInput stream = Stream();
        _provider.Fill = range => stream.LoadHistoryAsync(range).GetAwaiter().GetResult();

        var error = await Assert.ThrowsAsync<SourceException>(() => stream.LoadHistoryAsync(Bars.Minutes(100, 104)));

        Assert.Contains("never end", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Too_much_is_left_out_and_counted()
    {
        _provider.Coverage = _ => Set(Bars.Minutes(0, 500));
        _provider.Pages = _ => [Bars.AtMinutes(Enumerable.Range(90, 20)), Bars.AtMinutes(200, 201)];
        StreamInput stream = Stream();

        BackfillResult load = await stream.LoadHistoryAsync(Bars.Minutes(100, 104));

        Assert.Equal([100, 101, 102, 103, 104], Held(stream));
        Assert.Equal((5L, 17L, 0L), (load.BarsLoaded, load.Rejected[RejectionReason.OutsideRange], load.BarsMissing));
    }

    [Fact]
    public async Task Bars_that_have_not_closed_are_left_out()
    {
        _provider.Coverage = _ => Set(Bars.Minutes(990, 1005));
        _provider.Pages = _ => [Bars.AtMinutes(998, 999, 1000, 1001)];
        StreamInput stream = Stream();

        await stream.LoadHistoryAsync(Bars.Minutes(998, 1005));

        Assert.Equal([998, 999], Held(stream));
    }

    [Fact]
    public async Task Pages_that_repeat_themselves_count_once()
    {
        _provider.Coverage = _ => Set(Bars.Minutes(100, 104));
        _provider.Pages = _ => [Bars.AtMinutes(100, 101, 102), Bars.AtMinutes(100, 101, 102), Bars.AtMinutes(102, 103, 104)];
        StreamInput stream = Stream();

        BackfillResult load = await stream.LoadHistoryAsync(Bars.Minutes(100, 104));

        Assert.Equal([100, 101, 102, 103, 104], Held(stream));
        Assert.Equal(4, load.Rejected.Total);
    }

    [Fact]
    public async Task Too_little_is_missing_and_asked_for_again()
    {
        _provider.Coverage = _ => Set(Bars.Minutes(100, 104));
        _provider.Pages = _ => [Bars.AtMinutes(100, 101)];
        StreamInput stream = Stream();

        BackfillResult load = await stream.LoadHistoryAsync(Bars.Minutes(100, 104));
        _provider.Pages = _ => [Bars.AtMinutes(102, 103, 104)];
        BackfillResult again = await stream.LoadHistoryAsync(Bars.Minutes(100, 104));

        Assert.Equal((2L, 3L), (load.BarsLoaded, load.BarsMissing));
        Assert.Equal((3L, 0L), (again.BarsLoaded, again.BarsMissing));
        Assert.Equal([Bars.Minutes(100, 104), Bars.Minutes(102, 104)], _provider.Fetches);
    }

    [Fact]
    public async Task Nothing_is_missing_history()
    {
        _provider.Coverage = _ => Set(Bars.Minutes(100, 104));
        StreamInput stream = Stream();

        BackfillResult load = await stream.LoadHistoryAsync(Bars.Minutes(100, 104));

        Assert.Equal((0L, 0L, 5L), (load.BarsLoaded, load.BarsEmpty, load.BarsMissing));
    }

    [Fact]
    public async Task One_that_cannot_fill_is_read_all_the_same()
    {
        _provider.Coverage = _ => Set(Bars.Minutes(100, 101));
        _provider.Fill = _ => throw new InvalidOperationException("There is no source.");
        _provider.Pages = _ => [Bars.AtMinutes(100, 101)];

        BackfillResult load = await Stream().LoadHistoryAsync(Bars.Minutes(100, 104));

        Assert.Equal((2L, 3L, "There is no source"), (load.BarsLoaded, load.BarsMissing, load.Obstacle));
    }

    [Fact]
    public async Task A_failed_fill_is_an_error_after_what_there_is_was_loaded()
    {
        _provider.Coverage = _ => Set(Bars.Minutes(100, 101));
        _provider.Fill = _ => throw new SourceException("The exchange is closed.");
        _provider.Pages = _ => [Bars.AtMinutes(100, 101)];
        StreamInput stream = Stream();

        var error = await Assert.ThrowsAsync<SourceException>(() => stream.LoadHistoryAsync(Bars.Minutes(100, 104)));

        Assert.Equal("The exchange is closed.", error.Message);
        Assert.Equal([100, 101], Held(stream));
    }

    [Fact]
    public async Task One_that_throws_between_two_pages_leaves_the_first_loaded()
    {
        _provider.Coverage = _ => Set(Bars.Minutes(100, 104));
        _provider.Pages = _ => Breaking();
        StreamInput stream = Stream();

        await Assert.ThrowsAsync<IOException>(() => stream.LoadHistoryAsync(Bars.Minutes(100, 104)));
        int[] meanwhile = Held(stream);
        _provider.Pages = _ => [Bars.AtMinutes(102, 103, 104)];
        BackfillResult again = await stream.LoadHistoryAsync(Bars.Minutes(100, 104));

        Assert.Equal([100, 101], meanwhile);
        Assert.Equal((3L, 0L), (again.BarsLoaded, again.BarsMissing));

        static IEnumerable<BarFrame> Breaking()
        {
            yield return Bars.AtMinutes(100, 101);
            throw new IOException("The connection broke.");
        }
    }

    public static TheoryData<string, BarFrame?> WrongPages => new()
    {
        { "a null page", null },
        { "bars of 5m", new BarFrame(BarInterval.Parse("5m"), new long[] { 6000 }, [new BarColumn<double>("close", new double[] { 1 })]) },
    };

    [Theory]
    [MemberData(nameof(WrongPages))]
    public async Task A_page_of_something_else_is_an_error_that_says_what_came(string what, BarFrame? page)
    {
        _provider.Coverage = _ => Set(Bars.Minutes(100, 104));
        _provider.Pages = _ => [page];
        StreamInput stream = Stream();

        var error = await Assert.ThrowsAsync<SourceException>(() => stream.LoadHistoryAsync(Bars.Minutes(100, 104)));

        Assert.Contains($"scripted answered {what}", error.Message, StringComparison.Ordinal);
        Assert.Empty(Held(stream));
    }

    [Fact]
    public async Task Null_instead_of_pages_is_an_error_in_words()
    {
        _provider.Coverage = _ => Set(Bars.Minutes(100, 104));
        _provider.Pages = _ => null;

        var error = await Assert.ThrowsAsync<SourceException>(() => Stream().LoadHistoryAsync(Bars.Minutes(100, 104)));

        Assert.Contains("answered null", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Null_instead_of_coverage_is_an_error_in_words()
    {
        _provider.Coverage = _ => null;

        var error = await Assert.ThrowsAsync<SourceException>(() => Stream().LoadHistoryAsync(Bars.Minutes(100, 104)));

        Assert.Contains("answered null where its coverage of BTCUSDT 1m", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rows_without_values_or_with_impossible_ones_never_reach_the_cache()
    {
        _provider.Coverage = _ => Set(Bars.Minutes(100, 104));
        _provider.Pages = _ =>
        [
            new BarFrame(Bars.Minute, new long[] { 6000 }, []),
            Bars.AtMinutes([101, 102, 103], minute => minute == 102 ? double.NaN : minute),
        ];
        StreamInput stream = Stream();

        BackfillResult load = await stream.LoadHistoryAsync(Bars.Minutes(100, 104));

        Assert.Equal([101, 103], Held(stream));
        Assert.Equal((1L, 1L, 3L), (load.Rejected[RejectionReason.NoPayload], load.Rejected[RejectionReason.NotANumber], load.BarsMissing));
    }

    [Fact]
    public async Task A_column_that_changes_its_type_is_an_error_and_the_cache_stays_as_it_was()
    {
        _provider.Coverage = _ => Set(Bars.Minutes(100, 104));
        _provider.Pages = _ =>
        [
            Bars.AtMinutes(100, 101),
            new BarFrame(Bars.Minute, new long[] { 6120 }, [new BarColumn<string?>("close", new string?[] { "many" })]),
        ];
        StreamInput stream = Stream();

        Exception error = await Assert.ThrowsAnyAsync<Exception>(() => stream.LoadHistoryAsync(Bars.Minutes(100, 104)));

        Assert.Contains("close", error.Message, StringComparison.Ordinal);
        Assert.Equal([100, 101], Held(stream));
    }

    private static int[] Held(StreamInput stream) => Bars.MinutesOf(stream.Cache.Slice(stream.Key, int.MaxValue));

    private StreamInput Stream() => new(new StreamInputOptions { NodeId = "BTCUSDT", Interval = Bars.Minute, Period = 100, HistoryProvider = _provider }, _clock);
}
