using Qmtl.Strategies;
using Qmtl.Streams;
using Qmtl.Unit.Streams;

namespace Qmtl.Unit.Strategies;

public class PipelineFailureTests
{
    [Theory]
    [InlineData(false, 2048)]
    [InlineData(true, 2048)]
    [InlineData(true, 7)]
    public void A_node_that_throws_at_its_500th_bar_names_itself_and_the_bar_and_nothing_before_is_lost(bool parallel, int barsPerBatch)
    {
        StreamInput stream = Graphs.Stream("BTCUSDT", Bars.AtMinutes(Enumerable.Range(0, 1000)));
        int calls = 0;
        var cause = new FormatException("Not a number at all.");
        Node before = Graphs.Sum("before", stream);
        var faulty = new ComputeNode("faulty", [stream], view => ++calls == 500 ? throw cause : view[stream.Key].Values("close")[^1]);
        Node after = Graphs.Sum("after", faulty, before);
        var pipeline = new Pipeline([before, faulty, after], new PipelineOptions { Parallel = parallel, BarsPerBatch = barsPerBatch });
        var results = new List<string>();

        var error = Assert.Throws<NodeFailedException>(() => pipeline.Replay(result => results.Add(Graphs.Line(result))));

        Assert.Equal("The node 'faulty' failed at the bar of 1970-01-01T08:19:00Z (BTCUSDT 1m): Not a number at all.", error.Message);
        Assert.Same(cause, error.InnerException);
        Assert.Equal((faulty, stream.Key, 499 * 60L), (error.Node, error.Stream, error.Timestamp));
        Assert.Equal(499 * 3 + 1, results.Count);
        Assert.Equal("before@499=499", results[^1]);
        Assert.Equal(500, calls);
    }

    [Fact]
    public async Task Results_before_a_failure_are_yielded_before_it_is_thrown()
    {
        StreamInput stream = Graphs.Stream("S", Bars.AtMinutes(Enumerable.Range(0, 10)));
        var faulty = new ComputeNode("faulty", [stream], view => view[stream.Key].Values("close")[^1] is var close && close < 5 ? close : throw new FormatException("Five."));
        var results = new List<string>();

        await Assert.ThrowsAsync<NodeFailedException>(async () =>
        {
            await foreach (NodeResult result in new Pipeline([faulty]).ReplayAsync())
            {
                results.Add(Graphs.Line(result));
            }
        });

        Assert.Equal(["faulty@0=0", "faulty@1=1", "faulty@2=2", "faulty@3=3", "faulty@4=4"], results);
    }

    [Fact]
    public void After_a_live_failure_the_next_bar_can_be_fed()
    {
        StreamInput stream = Graphs.Stream("S");
        var faulty = new ComputeNode("faulty", [stream], view => view[stream.Key].Values("close")[^1] is var close && close != 2 ? close : throw new FormatException("Two."));
        var pipeline = new Pipeline([faulty]);

        pipeline.Feed(stream, Bars.AtMinutes(1), _ => { });
        Assert.Throws<NodeFailedException>(() => pipeline.Feed(stream, Bars.AtMinutes(2), _ => { }));

        var results = new List<string>();
        pipeline.Feed(stream, Bars.AtMinutes(3), result => results.Add(Graphs.Line(result)));
        Assert.Equal(["faulty@3=3"], results);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_gap_fails_where_none_may_be_and_names_node_stream_and_bars(bool parallel)
    {
        StreamInput stream = Graphs.Stream("BTCUSDT", Bars.AtMinutes(0, 1, 2, 6, 7));
        var pipeline = new Pipeline([Graphs.Sum("sum", 2, stream)], new PipelineOptions { OnMissing = OnMissing.Fail, Parallel = parallel });
        var results = new List<string>();

        var error = Assert.Throws<NodeFailedException>(() => pipeline.Replay(result => results.Add(Graphs.Line(result))));

        var missing = Assert.IsType<MissingBarsException>(error.InnerException);
        Assert.Equal((stream.Key, Bars.Minutes(3, 5)), (missing.Stream, missing.Bars));
        Assert.Equal(
            "The node 'sum' failed at the bar of 1970-01-01T00:06:00Z (BTCUSDT 1m): BTCUSDT 1m lacks 3 bars from 1970-01-01T00:03:00Z to 1970-01-01T00:05:00Z. Fill them, or run with Skip to leave such steps out.",
            error.Message);
        Assert.Equal(["sum@1=1", "sum@2=3"], results);
    }

    [Fact]
    public void A_gap_fails_too_where_the_bar_before_it_is_no_longer_held()
    {
        StreamInput stream = Graphs.Stream("S", Bars.AtMinutes(0, 2));
        var pipeline = new Pipeline([Graphs.Sum("sum", stream)], new PipelineOptions { OnMissing = OnMissing.Fail });

        var error = Assert.Throws<NodeFailedException>(() => pipeline.Replay(_ => { }));

        Assert.Equal(Bars.Minutes(1, 1), Assert.IsType<MissingBarsException>(error.InnerException).Bars);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_cancelled_replay_ends_and_can_be_repeated(bool parallel)
    {
        StreamInput stream = Graphs.Stream("S", Bars.AtMinutes(Enumerable.Range(0, 1000)));
        using var cancellation = new CancellationTokenSource();
        int calls = 0;
        var node = new ComputeNode("node", [stream], double (_) =>
        {
            if (++calls == 100)
            {
                cancellation.Cancel();
                cancellation.Token.ThrowIfCancellationRequested();
            }

            return calls;
        });
        var pipeline = new Pipeline([node], new PipelineOptions { Parallel = parallel });

        Assert.ThrowsAny<OperationCanceledException>(() => pipeline.Replay(_ => { }, cancellation.Token));

        Assert.Equal(100, calls);
        Assert.Equal(1000, Graphs.Replay(pipeline).Count);
    }

    [Fact]
    public void A_receiver_that_throws_ends_the_replay_with_its_own_error()
    {
        StreamInput stream = Graphs.Stream("S", Bars.AtMinutes(0, 1));
        var pipeline = new Pipeline([Graphs.Sum("sum", stream)]);

        Assert.Throws<FormatException>(() => pipeline.Replay(_ => throw new FormatException("Full.")));

        Assert.Equal(2, Graphs.Replay(pipeline).Count);
    }
}
