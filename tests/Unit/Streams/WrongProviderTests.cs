using Microsoft.Extensions.Time.Testing;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.Streams;
using Qmtl.Streams.Loading;
using Qmtl.Time;

namespace Qmtl.Unit.Streams;

/// <summary>Providers of somebody else's, right and wrong. The clock stands at minute 1,000 since the epoch; bars 100 to 104 are asked for.</summary>
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

        HistoryLoad load = await stream.LoadHistoryAsync(Bars.Minutes(100, 104));
        await stream.LoadHistoryAsync(Bars.Minutes(100, 104));

        Assert.Equal((5L, 3L, 0L, 0L, 1), (load.BarsLoaded, load.BarsFilled, load.BarsEmpty, load.BarsMissing, load.Requests));
        Assert.Equal([Bars.Minutes(102, 104)], _provider.Fills);
        Assert.Single(_provider.Fetches);
        Assert.Equal(2, _provider.CoverageCalls);
    }

    [Fact]
    public async Task One_that_has_everything_is_not_filled()
    {
        _provider.Coverage = _ => Set(Bars.Minutes(0, 500));
        _provider.Pages = _ => [Bars.AtMinutes(100, 101, 102, 103, 104)];

        HistoryLoad load = await Stream().LoadHistoryAsync(Bars.Minutes(100, 104));

        Assert.Empty(_provider.Fills);
        Assert.Equal((5L, 0), (load.BarsLoaded, load.Requests));
    }

    [Fact]
    public async Task A_hole_that_it_cannot_fill_is_asked_for_once_and_then_taken_as_empty()
    {
        _provider.Coverage = _ => Set(Bars.Minutes(100, 101), Bars.Minutes(103, 104));
        _provider.Pages = _ => [Bars.AtMinutes(100, 101, 103, 104)];
        StreamInput stream = Stream();

        HistoryLoad load = await stream.LoadHistoryAsync(Bars.Minutes(100, 104));
        await stream.LoadHistoryAsync(Bars.Minutes(100, 104));

        Assert.Equal((4L, 1L, 0L), (load.BarsLoaded, load.BarsEmpty, load.BarsMissing));
        Assert.Equal([Bars.Minutes(102, 102)], _provider.Fills);
    }

    [Fact]
    public async Task Too_much_is_left_out_and_counted()
    {
        _provider.Coverage = _ => Set(Bars.Minutes(0, 500));
        _provider.Pages = _ => [Bars.AtMinutes(Enumerable.Range(90, 20)), Bars.AtMinutes(200, 201)];
        StreamInput stream = Stream();

        HistoryLoad load = await stream.LoadHistoryAsync(Bars.Minutes(100, 104));

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

        HistoryLoad load = await stream.LoadHistoryAsync(Bars.Minutes(100, 104));

        Assert.Equal([100, 101, 102, 103, 104], Held(stream));
        Assert.Equal(4, load.Rejected.Total);
    }

    [Fact]
    public async Task Too_little_is_missing_and_asked_for_again()
    {
        _provider.Coverage = _ => Set(Bars.Minutes(100, 104));
        _provider.Pages = _ => [Bars.AtMinutes(100, 101)];
        StreamInput stream = Stream();

        HistoryLoad load = await stream.LoadHistoryAsync(Bars.Minutes(100, 104));
        _provider.Pages = _ => [Bars.AtMinutes(102, 103, 104)];
        HistoryLoad again = await stream.LoadHistoryAsync(Bars.Minutes(100, 104));

        Assert.Equal((2L, 3L), (load.BarsLoaded, load.BarsMissing));
        Assert.Equal((3L, 0L), (again.BarsLoaded, again.BarsMissing));
        Assert.Equal([Bars.Minutes(100, 104), Bars.Minutes(102, 104)], _provider.Fetches);
    }

    [Fact]
    public async Task Nothing_is_missing_history()
    {
        _provider.Coverage = _ => Set(Bars.Minutes(100, 104));
        StreamInput stream = Stream();

        HistoryLoad load = await stream.LoadHistoryAsync(Bars.Minutes(100, 104));

        Assert.Equal((0L, 0L, 5L), (load.BarsLoaded, load.BarsEmpty, load.BarsMissing));
    }

    [Fact]
    public async Task One_that_cannot_fill_is_read_all_the_same()
    {
        _provider.Coverage = _ => Set(Bars.Minutes(100, 101));
        _provider.Fill = _ => throw new InvalidOperationException("There is no source.");
        _provider.Pages = _ => [Bars.AtMinutes(100, 101)];

        HistoryLoad load = await Stream().LoadHistoryAsync(Bars.Minutes(100, 104));

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
        HistoryLoad again = await stream.LoadHistoryAsync(Bars.Minutes(100, 104));

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

        HistoryLoad load = await stream.LoadHistoryAsync(Bars.Minutes(100, 104));

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
