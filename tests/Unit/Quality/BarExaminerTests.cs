using Qmtl.Data;
using Qmtl.Quality;
using Qmtl.Time;
using static Qmtl.Unit.Fixtures.Columns;

namespace Qmtl.Unit.Quality;

public sealed class BarExaminerTests
{
    private static readonly StreamKey Stream = new("X", BarInterval.FromSeconds(60));

    [Theory]
    [InlineData(BarCheck.HighBelowLow, "high", 1.0, "at least the low, 2", 1.5, 1.0, 2.0, 1.5, 10.0)]
    [InlineData(BarCheck.OutsideHighLow, "open", 3.0, "at most the high, 2", 3.0, 2.0, 1.0, 1.5, 10.0)]
    [InlineData(BarCheck.OutsideHighLow, "close", 0.5, "at least the low, 1", 1.5, 2.0, 1.0, 0.5, 10.0)]
    [InlineData(BarCheck.NotPositive, "low", -1.0, "above 0", 1.5, 2.0, -1.0, 1.5, 10.0)]
    [InlineData(BarCheck.NegativeVolume, "volume", -5.0, "0 or more", 1.5, 2.0, 1.0, 1.5, -5.0)]
    public void A_bar_that_contradicts_itself_is_told_with_its_column_and_value(
        BarCheck check, string column, double value, string expected, double open, double high, double low, double close, double volume)
    {
        var examiner = new BarExaminer(Stream);

        BarFinding finding = Assert.Single(examiner.Add(Candles(
            [0, 60], [1.5, open], [2, high], [1, low], [1.5, close], [10, volume])));

        Assert.Equal((check, column, value, expected), (finding.Check, finding.Column, finding.Value, finding.Expected));
        Assert.Equal(new TimeRange(60, 60), finding.Range);
        Assert.Equal(FormattableString.Invariant($"{column} is {value} and should be {expected}"), finding.Message);
        Assert.Empty(examiner.Complete());
    }

    [Fact]
    public void A_null_and_a_column_that_is_not_there_break_nothing()
    {
        var frame = new BarFrame(Stream.Interval, new long[] { 0, 60 },
        [
            new BarColumn<double>("high", new[] { 0.0, 2 }, new[] { true, false }),
            Doubles("low", 5, 1),
            Longs("trades", 3, 0),
            Texts("volume", "-5", "x"),
        ]);

        Assert.Empty(new BarExaminer(Stream).Add(frame));
    }

    [Fact]
    public void Whole_numbers_are_looked_at_like_others()
    {
        BarFinding finding = Assert.Single(new BarExaminer(Stream).Add(
            new BarFrame(Stream.Interval, new long[] { 0, 60 }, [new BarColumn<long>("trades", new[] { -1L, -2 }, new[] { true, false })])));

        Assert.Equal((BarCheck.NegativeVolume, 60L), (finding.Check, finding.Range.Start));
    }

    [Fact]
    public void Only_the_chosen_checks_are_made()
    {
        var options = new ExaminationOptions { Checks = [BarCheck.NegativeVolume] };

        BarFinding finding = Assert.Single(new BarExaminer(Stream, options).Add(Candles([0], [0], [1], [2], [9], [-1])));

        Assert.Equal(BarCheck.NegativeVolume, finding.Check);
    }

    [Fact]
    public void Rows_of_an_answer_are_told_that_are_repeated_off_the_grid_or_out_of_order()
    {
        var raw = new RawBars(new long[] { 0, 60, 60, 90, 180, 120, 240 }, [Doubles("close", 1, 2, 2, 3, 4, 5, 6)]);

        IReadOnlyList<BarFinding> found = new BarExaminer(Stream).Add(raw, new TimeRange(0, 240), 240);

        Assert.Equal(
            [(BarCheck.Duplicate, 60L), (BarCheck.OffGrid, 90L), (BarCheck.Order, 120L)], found.Select(finding => (finding.Check, finding.Range.Start)));
        Assert.Contains("1m bars", found[1].Expected, StringComparison.Ordinal);
        Assert.Equal("the row stands after that of 1970-01-01T00:03:00Z, among rows that ascend", found[2].Message);
    }

    [Fact]
    public void Rows_that_descend_throughout_are_in_order()
    {
        var raw = new RawBars(new long[] { 240, 180, 120, 60, 0 }, [Doubles("close", 1, 2, 3, 4, 5)]);

        Assert.Empty(new BarExaminer(Stream).Add(raw, new TimeRange(0, 240), 240));
    }

    [Fact]
    public void Bars_of_five_minutes_among_those_of_one_are_told_as_one_stretch()
    {
        long[] times = [.. Enumerable.Range(0, 500).Select(i => 60L * i), .. Enumerable.Range(0, 20).Select(i => 30_000 + (300L * i))];
        var examiner = new BarExaminer(Stream);

        // In two pages, so that the stretch goes over the border.
        BarFinding[] found = [.. examiner.Add(Closes(times[..510])), .. examiner.Add(Closes(times[510..])), .. examiner.Complete()];

        BarFinding finding = Assert.Single(found);
        Assert.Equal((BarCheck.WrongInterval, "5m", new TimeRange(30_000, 30_000 + (300 * 19))), (finding.Check, finding.Value, finding.Range));
    }

    [Fact]
    public void A_few_rows_are_enough_where_all_of_a_stream_lie_so_and_a_sparse_market_is_none()
    {
        var hourly = new BarExaminer(Stream);
        hourly.Add(Closes([0, 3600, 7200, 10_800]));
        Assert.Equal("1h", Assert.Single(hourly.Complete()).Value);

        var random = new Random(7);
        var sparse = new BarExaminer(Stream);
        long time = 0;
        BarFinding[] found = [.. sparse.Add(Closes([.. Enumerable.Range(0, 20_000).Select(_ => time += 60 * (1 + random.Next(4)))])), .. sparse.Complete()];
        Assert.Empty(found);
    }

    [Fact]
    public void A_wrong_price_is_two_jumps_and_a_new_level_of_unrest_becomes_usual()
    {
        var random = new Random(3);
        double price = 100;
        double[] prices = [.. Enumerable.Range(0, 5000).Select(i => price *= Math.Exp((i < 2500 ? 0.001 : 0.004) * (random.NextDouble() - 0.5)))];
        prices[1000] *= 1.05;
        var examiner = new BarExaminer(Stream);

        BarFinding[] found = [.. examiner.Add(Closes([.. Enumerable.Range(0, 5000).Select(i => 60L * i)], prices)), .. examiner.Complete()];

        Assert.Equal([(BarCheck.Jump, 60_000L), (BarCheck.Jump, 60_060L)], found.Select(finding => (finding.Check, finding.Range.Start)));
        Assert.Equal(prices[1000], found[0].Value);
        Assert.Contains("standard deviations of the returns before", found[0].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_return_over_missing_bars_may_be_longer()
    {
        double[] prices = [.. Enumerable.Range(0, 101).Select(i => i % 2 == 0 ? 100 : 100.1)];
        long[] times = [.. Enumerable.Range(0, 101).Select(i => 60L * i)];
        prices[100] = 102.5;
        var options = new ExaminationOptions { Checks = [BarCheck.Jump] };
        Assert.Equal(6000, Assert.Single(new BarExaminer(Stream, options).Add(Closes(times, prices))).Range.Start);

        times[100] += 60 * 24;
        Assert.Empty(new BarExaminer(Stream, options).Add(Closes(times, prices)));
    }

    [Fact]
    public void A_price_that_stands_still_is_one_finding_with_the_number_of_bars()
    {
        var examiner = new BarExaminer(Stream, new ExaminationOptions { FlatBars = 5 });

        BarFinding[] found =
        [
            .. examiner.Add(Candles([0, 60, 120], [1, 2, 2], [2, 2, 2], [1, 2, 2], [2, 2, 2], [1, 0, 0])),
            .. examiner.Add(Candles([180, 240, 300, 360], [2, 2, 2, 3], [2, 2, 2, 3], [2, 2, 2, 3], [2, 2, 2, 3], [0, 0, 0, 0])),
            .. examiner.Complete(),
        ];

        BarFinding finding = Assert.Single(found);
        Assert.Equal((BarCheck.Flat, 5L, new TimeRange(60, 300)), (finding.Check, finding.Value, finding.Range));
    }

    [Theory]
    [InlineData(0, 1000, 60, "Sigma")]
    [InlineData(double.NaN, 1000, 60, "Sigma")]
    [InlineData(5, 29, 60, "window")]
    [InlineData(5, 1000, 1, "flat run")]
    public void Thresholds_outside_their_limits_are_refused(double sigma, int window, int flatBars, string named)
    {
        var options = new ExaminationOptions { Sigma = sigma, Window = window, FlatBars = flatBars };

        Assert.Contains(named, Assert.Throws<ArgumentException>(() => new BarExaminer(Stream, options)).Message, StringComparison.OrdinalIgnoreCase);
        Assert.Throws<ArgumentException>(() => new BarExaminer(Stream, new ExaminationOptions { Checks = [] }));
        Assert.Throws<ArgumentException>(() => new BarExaminer(Stream, new ExaminationOptions { Checks = [(BarCheck)99] }));
    }

    private static BarFrame Closes(long[] times, double[]? prices = null) =>
        new(Stream.Interval, times, [Doubles("close", prices ?? [.. times.Select(static time => 100 + (time / 60 % 7 * 0.01))])]);

    private static BarFrame Candles(long[] times, double[] open, double[] high, double[] low, double[] close, double[] volume) => new(
        Stream.Interval,
        times,
        [Doubles("open", open), Doubles("high", high), Doubles("low", low), Doubles("close", close), Doubles("volume", volume)]);
}
