using Qmtl.Data;
using Qmtl.Payloads;
using Qmtl.Strategies;
using Qmtl.Streams;
using Qmtl.Time;
using Qmtl.Unit.Streams;

namespace Qmtl.Unit.Strategies;

/// <summary>When nodes of several inputs compute. A bar's close is its minute, of the second stream a hundred times it.</summary>
public class NodeTriggerTests
{
    [Theory]
    [InlineData(NodeTrigger.EachInput, false, new[] { "sum@1=101", "sum@2=102", "sum@2=202", "sum@3=203", "sum@3=303" })]
    [InlineData(NodeTrigger.EachInput, true, new[] { "sum@1=101", "sum@2=102", "sum@2=202", "sum@3=203", "sum@3=303" })]
    [InlineData(NodeTrigger.AllInputs, false, new[] { "sum@1=101", "sum@2=202", "sum@3=303" })]
    [InlineData(NodeTrigger.AllInputs, true, new[] { "sum@1=101", "sum@2=202", "sum@3=303" })]
    public void A_node_computes_at_each_input_or_once_all_are_there(NodeTrigger trigger, bool parallel, string[] expected)
    {
        StreamInput first = Graphs.Stream("FIRST", Bars.AtMinutes(0, 1, 2, 3));
        StreamInput second = Second(1, 2, 3);

        Assert.Equal(expected, Graphs.Replay(new Pipeline([Sum(trigger, first, second)], new PipelineOptions { Parallel = parallel })));
    }

    [Fact]
    public void A_time_that_one_input_lacks_is_left_out()
    {
        StreamInput first = Graphs.Stream("FIRST", Bars.AtMinutes(1, 2, 3, 4));

        // At minute 3 the second stream has a gap behind it.
        Assert.Equal(["sum@1=101", "sum@4=404"], Graphs.Replay(new Pipeline([Sum(NodeTrigger.AllInputs, first, Second(1, 3, 4))])));
    }

    [Fact]
    public void Live_bars_wait_for_one_another_and_an_update_computes_again()
    {
        StreamInput first = Graphs.Stream("FIRST");
        StreamInput second = Second();
        var pipeline = new Pipeline([Sum(NodeTrigger.AllInputs, first, second)]);

        Assert.Empty(Feed(first, 1, 1));
        Assert.Equal(["sum@1=101"], Feed(second, 1, 100));
        Assert.Equal(["sum@1=105"], Feed(first, 1, 5));
        Assert.Empty(Feed(second, 2, 200));
        Assert.Equal(["sum@2=202"], Feed(first, 2, 2));

        IEnumerable<string> Feed(StreamInput stream, int minute, double close) =>
            pipeline.Feed(stream, minute * 60, Payload.FromBar(Bars.AtMinutes([minute], _ => close).GetRow(0))).Select(Graphs.Line);
    }

    [Fact]
    public void A_time_that_an_input_computed_nothing_for_is_left_out()
    {
        StreamInput stream = Graphs.Stream("FIRST", Bars.AtMinutes(1, 2, 3));
        var odd = new ComputeNode("odd", [stream], view => view[stream.Key].Timestamps[^1] / 60 % 2 == 1 ? 10.0 : Payload.None);

        Assert.Equal(["odd@1=10", "sum@1=11", "odd@3=10", "sum@3=13"], Graphs.Replay(new Pipeline([Sum(NodeTrigger.AllInputs, stream, odd)])));
    }

    [Fact]
    public void Of_a_longer_interval_the_bar_that_the_time_lies_in_counts()
    {
        BarInterval two = BarInterval.Parse("2m");
        StreamInput minutes = Graphs.Stream("FIRST", Bars.AtMinutes(0, 1, 2, 3));
        var twos = new StreamInput(new StreamInputOptions { NodeId = "SECOND", Interval = two, Period = 10 });
        twos.Cache.BackfillBulk(twos.Key, new BarFrame(two, new long[] { 0, 120 }, [new BarColumn<double>("close", new[] { 0.0, 200.0 })]));

        Assert.Equal(["sum@0=0", "sum@1=1", "sum@2=202", "sum@3=203"], Graphs.Replay(new Pipeline([Sum(NodeTrigger.AllInputs, minutes, twos)])));
    }

    [Fact]
    public void The_trigger_tells_nodes_apart()
    {
        StreamInput stream = Graphs.Stream("FIRST");
        StreamInput second = Second();

        Assert.NotEqual(Sum(NodeTrigger.EachInput, stream, second).NodeId, Sum(NodeTrigger.AllInputs, stream, second).NodeId);
        Assert.Throws<ArgumentOutOfRangeException>(() => Sum((NodeTrigger)7, stream));
    }

    private static StreamInput Second(params int[] minutes) => Graphs.Stream("SECOND", Bars.AtMinutes(minutes, minute => 100 * minute));

    private static ComputeNode Sum(NodeTrigger trigger, params Node[] inputs)
    {
        (StreamKey Key, string Column)[] columns = Graphs.ColumnsOf(inputs);
        return new ComputeNode(view => Graphs.SumOf(view, columns), new NodeOptions { Name = "sum", Inputs = inputs, Trigger = trigger });
    }
}
