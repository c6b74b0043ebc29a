using Qmtl.Payloads;
using Qmtl.Strategies;
using Qmtl.Streams;
using Qmtl.Unit.Streams;

namespace Qmtl.Unit.Strategies;

/// <summary>Live bars that come after newer ones: they are kept, and no node gives a value for them that belongs to another bar.</summary>
public class LateBarTests
{
    private readonly List<string> _warnings = [];
    private readonly StreamInput _stream = Graphs.Stream("S");
    private readonly StreamInput _other = Graphs.Stream("T");

    [Fact]
    public void No_node_computes_from_a_late_bar()
    {
        Node sum = Graphs.Sum("sum", 2, _stream);
        Pipeline pipeline = Pipeline(sum, Graphs.Sum("after", sum));
        Feed(pipeline, _stream, 1, 2, 3);

        Assert.Empty(Feed(pipeline, _stream, 2));
        Assert.Equal(1, pipeline.LateBars);
    }

    [Fact]
    public void A_late_bar_is_in_the_caches_and_counts_for_the_bars_after_it()
    {
        Pipeline pipeline = Pipeline(Graphs.Sum("sum", 3, _stream));
        Feed(pipeline, _stream, 1, 2, 3);

        Feed(pipeline, _stream, [2], close: 50);

        Assert.Equal([1.0, 50.0, 3.0], _stream.Cache.View[_stream.Key].ToArray("close"));
        Assert.Equal(["sum@4=57"], Feed(pipeline, _stream, 4));
    }

    [Fact]
    public void The_first_late_bar_of_each_stream_is_a_warning_and_all_are_counted()
    {
        Pipeline pipeline = Pipeline(Graphs.Sum("sum", _stream, _other), Graphs.Sum("other", _other));
        Feed(pipeline, _stream, 1, 2, 3);
        Feed(pipeline, _other, 1, 2, 3);

        Feed(pipeline, _stream, 2, 1);
        Feed(pipeline, _other, 1);

        Assert.Equal(3, pipeline.LateBars);
        Assert.Equal(2, _warnings.Count);
        Assert.Contains("The bar 1970-01-01T00:02:00Z of S 1m came after 1970-01-01T00:03:00Z", _warnings[0], StringComparison.Ordinal);
        Assert.Contains("of T 1m", _warnings[1], StringComparison.Ordinal);
    }

    [Fact]
    public void Each_replay_counts_anew()
    {
        Pipeline pipeline = Pipeline(Graphs.Sum("sum", _stream));
        Feed(pipeline, _stream, 1, 2, 3, 2);

        Graphs.Replay(pipeline);
        Assert.Equal(0, pipeline.LateBars);
        Feed(pipeline, _stream, 2);

        Assert.Equal((1, 2), (pipeline.LateBars, _warnings.Count));
    }

    [Fact]
    public void A_bar_at_the_newest_time_computes_again()
    {
        Pipeline pipeline = Pipeline(Graphs.Sum("sum", 2, _stream));
        Feed(pipeline, _stream, 1, 2);

        Assert.Equal(["sum@2=51"], Feed(pipeline, _stream, [2], close: 50));
        Assert.Empty(_warnings);
    }

    [Fact]
    public void A_stream_that_lags_behind_another_is_not_late()
    {
        Pipeline pipeline = Pipeline(Graphs.Sum("sum", _stream, _other));
        Feed(pipeline, _stream, 1, 2, 3);

        Assert.Equal(["sum@2=5", "sum@3=6"], Feed(pipeline, _other, 2, 3));
        Assert.Empty(_warnings);
    }

    [Fact]
    public void What_a_lagging_stream_gives_does_not_pass_for_the_newest_result_further_on()
    {
        Node sum = Graphs.Sum("sum", _stream, _other);
        Pipeline pipeline = Pipeline(sum, Graphs.Sum("after", sum));
        Feed(pipeline, _other, 1);
        Feed(pipeline, _stream, 1, 2, 3);

        // "after" holds the result of minute 3 by now.
        Assert.Equal(["sum@2=5"], Feed(pipeline, _other, 2));
        Assert.Contains("'after'", Assert.Single(_warnings), StringComparison.Ordinal);
        Assert.Equal(["sum@3=6", "after@3=6"], Feed(pipeline, _other, 3));
    }

    [Fact]
    public void A_bar_older_than_history_that_nobody_computed_from_is_not_late()
    {
        Pipeline pipeline = Pipeline(Graphs.Sum("sum", _stream));
        _stream.Cache.BackfillBulk(_stream.Key, Bars.AtMinutes(1, 2, 3));

        Assert.Equal(["sum@2=2"], Feed(pipeline, _stream, 2));
        Assert.Empty(_warnings);
    }

    private Pipeline Pipeline(params Node[] nodes) => new(nodes, new PipelineOptions { OnWarning = _warnings.Add });

    private static List<string> Feed(Pipeline pipeline, StreamInput stream, params int[] minutes) => Feed(pipeline, stream, minutes, close: null);

    private static List<string> Feed(Pipeline pipeline, StreamInput stream, int[] minutes, double? close) =>
    [
        .. minutes.SelectMany(minute => pipeline.Feed(stream, minute * 60, Payload.FromBar(Bars.AtMinutes([minute], at => close ?? at).GetRow(0)))).Select(Graphs.Line),
    ];
}
