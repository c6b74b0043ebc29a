using Qmtl.Data;
using Qmtl.Strategies;
using Qmtl.Streams;
using Qmtl.Time;
using Qmtl.Unit.Streams;

namespace Qmtl.Unit.Strategies;

/// <summary>
/// Streams of different intervals: minutes 0 to 9, whose closes are their minutes, and the five minutes of 0 and 5, whose closes are 100
/// and 105.
/// </summary>
public class BarOrderTests
{
    private static readonly BarInterval FiveMinutes = BarInterval.Parse("5m");

    private readonly List<string> _warnings = [];
    private readonly StreamInput _minutes = Graphs.Stream("S", Bars.AtMinutes(Enumerable.Range(0, 10)));
    private readonly StreamInput _fives = new(new StreamInputOptions { NodeId = "S", Interval = FiveMinutes, Period = 10 });
    private readonly Node _sum;
    private readonly Node _after;

    public BarOrderTests()
    {
        _fives.Cache.BackfillBulk(_fives.Key, new BarFrame(FiveMinutes, new long[] { 0, 300 }, [new BarColumn<double>("close", new[] { 100.0, 105.0 })]));
        _sum = Graphs.Sum("sum", _minutes, _fives);
        _after = Graphs.Sum("after", 2, _sum);
    }

    [Fact]
    public void By_opens_a_long_bar_comes_before_those_inside_it()
    {
        Assert.Equal(
            ["sum@0=100", "sum@1=101", "sum@2=102", "sum@3=103", "sum@4=104", "sum@5=105", "sum@5=110", "sum@6=111", "sum@7=112", "sum@8=113", "sum@9=114"],
            Graphs.Replay(Pipeline(BarOrder.Open, _sum)));
    }

    [Theory]
    [InlineData(false, 2048)]
    [InlineData(true, 2048)]
    [InlineData(false, 3)]
    [InlineData(true, 3)]
    public void By_closes_a_long_bar_comes_with_the_last_inside_it(bool parallel, int barsPerBatch)
    {
        var pipeline = new Pipeline(
            [_after], new PipelineOptions { Order = BarOrder.Close, Parallel = parallel, BarsPerBatch = barsPerBatch, OnWarning = _warnings.Add });

        Assert.Equal(
            [
                "sum@4=104", "sum@5=105", "after@5=209", "sum@6=106", "after@6=211", "sum@7=107", "after@7=213", "sum@8=108", "after@8=215",
                "sum@9=109", "after@9=217", "sum@9=114", "after@9=222",
            ],
            Graphs.Replay(pipeline));
        Assert.Empty(_warnings);
    }

    [Fact]
    public async Task By_closes_the_bars_of_providers_come_in_the_same_order()
    {
        List<string> expected = Graphs.Replay(Pipeline(BarOrder.Close, _after));
        List<string> live = [];
        Pipeline pipeline = Pipeline(BarOrder.Close, _after);
        await pipeline.ReplayAsync(result => live.Add(Graphs.Line(result)));

        Assert.Equal(expected, live);
    }

    [Fact]
    public void By_closes_live_bars_give_what_their_replay_gives()
    {
        List<string> replayed = Graphs.Replay(Pipeline(BarOrder.Close, _after));
        BarFrame minutes = _minutes.Cache.Slice(_minutes.Key, 10);
        BarFrame fives = _fives.Cache.Slice(_fives.Key, 10);
        Node sum = Graphs.Sum("sum", _minutes, _fives);
        Pipeline pipeline = Pipeline(BarOrder.Close, Graphs.Sum("after", 2, sum));
        var live = new List<string>();

        for (int half = 0; half < 2; half++)
        {
            pipeline.Feed(_minutes, minutes.Slice(5 * half, 5), result => live.Add(Graphs.Line(result)));
            pipeline.Feed(_fives, fives.Slice(half, 1), result => live.Add(Graphs.Line(result)));
        }

        Assert.Equal(replayed, live);
    }

    [Fact]
    public void Where_intervals_meet_by_opens_each_replay_warns_once_for_the_first_node()
    {
        Pipeline pipeline = Pipeline(BarOrder.Open, _after, Graphs.Sum("other", _after, _fives), Graphs.Sum("plain", _minutes));

        Graphs.Replay(pipeline);

        Assert.Contains("'sum' computes from streams of different intervals (S 1m, S 5m)", Assert.Single(_warnings), StringComparison.Ordinal);
        Graphs.Replay(pipeline);
        Assert.Equal(2, _warnings.Count);
    }

    [Fact]
    public void Intervals_that_meet_through_other_nodes_are_a_warning_too()
    {
        Graphs.Replay(Pipeline(BarOrder.Open, Graphs.Sum("both", Graphs.Sum("fast", _minutes), Graphs.Sum("slow", _fives))));

        Assert.Contains("'both'", Assert.Single(_warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void Streams_of_one_interval_are_no_warning()
    {
        Graphs.Replay(Pipeline(BarOrder.Open, Graphs.Sum("both", _minutes, Graphs.Stream("T")), Graphs.Sum("alone", _fives)));

        Assert.Empty(_warnings);
    }

    [Fact]
    public void An_order_that_does_not_exist_is_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Pipeline((BarOrder)7, _sum));

    private Pipeline Pipeline(BarOrder order, params Node[] nodes) => new(nodes, new PipelineOptions { Order = order, OnWarning = _warnings.Add });
}
