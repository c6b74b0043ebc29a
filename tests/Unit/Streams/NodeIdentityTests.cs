using System.Text;
using Qmtl.Caching;
using Qmtl.Payloads;
using Qmtl.Streams;
using Qmtl.Time;

namespace Qmtl.Unit.Streams;

public class NodeIdentityTests
{
    private static readonly StreamInputOptions Plain = new() { Interval = Bars.Minute };

    public static TheoryData<string, StreamInputOptions> DifferentStreams => new()
    {
        { "interval", Plain with { Interval = BarInterval.Parse("5m") } },
        { "months", Plain with { Interval = BarInterval.Parse("1M") } },
        { "days that open at 08:00", Plain with { Interval = BarInterval.Parse("1d@08:00") } },
        { "tag", Plain with { Tags = ["spot"] } },
        { "two tags", Plain with { Tags = ["spot", "btc"] } },
        { "the two tags as one", Plain with { Tags = ["spot_btc"] } },
        { "setting", Plain with { Configuration = new Dictionary<string, string> { ["venue"] = "a" } } },
        { "its value", Plain with { Configuration = new Dictionary<string, string> { ["venue"] = "b" } } },
        { "its name", Plain with { Configuration = new Dictionary<string, string> { ["a"] = "venue" } } },
        { "a tag that looks like a setting", Plain with { Tags = ["venue", "a"] } },
    };

    [Theory]
    [InlineData("1m", "stream_1m_")]
    [InlineData("1M", "stream_1mo_")]
    [InlineData("1w@Sun16:00", "stream_1w_sun16_00_")]
    public void An_id_begins_with_the_interval_in_small_letters(string interval, string beginning) =>
        Assert.StartsWith(beginning, new StreamInput(Plain with { Interval = BarInterval.Parse(interval) }).NodeId, StringComparison.Ordinal);

    [Fact]
    public void No_two_of_these_streams_share_an_id()
    {
        string[] ids = [new StreamInput(Plain).NodeId, .. DifferentStreams.Select(row => new StreamInput((StreamInputOptions)row[1]).NodeId)];

        Assert.Equal(ids.Length, ids.Distinct().Count());
    }

    [Theory]
    [MemberData(nameof(DifferentStreams))]
    public void The_same_stream_has_the_same_id_whatever_its_period_and_the_order_of_its_tags(string what, StreamInputOptions options)
    {
        var again = new StreamInput(options with
        {
            Period = 500,
            Tags = [.. options.Tags.Reverse(), .. options.Tags],
            Configuration = options.Configuration.Reverse().ToDictionary(),
        });

        Assert.True(new StreamInput(options).NodeId == again.NodeId, what);
    }

    [Fact]
    public void An_id_is_the_same_in_every_process_and_version()
    {
        // Written down once: tables are named so.
        var stream = new StreamInput(new StreamInputOptions { Interval = Bars.Minute, Tags = ["BTC", "spot"], Configuration = new Dictionary<string, string> { ["venue"] = "binance" } });
        var node = new ComputeNode("fast mean", [stream], _ => 1.0, period: 20);

        Assert.Equal("stream_1m_btc_spot_8a1991eb2753a52301fb610ea6662f11", stream.NodeId);
        Assert.Equal("node_1m_fast_mean_e593487c9ff90fd58db4bbccc0360382", node.NodeId);
    }

    [Fact]
    public void A_node_is_told_from_others_by_type_name_interval_and_inputs()
    {
        var one = new StreamInput(Plain with { NodeId = "ONE" });
        var other = new StreamInput(Plain with { NodeId = "OTHER" });
        var longer = new StreamInput(Plain with { NodeId = "ONE", Interval = BarInterval.Parse("5m") });
        Node[] nodes =
        [
            new ComputeNode("mean", [one], _ => 1.0),
            new ComputeNode("Mean", [one], _ => 1.0),
            new ComputeNode("mean", [other], _ => 1.0),
            new ComputeNode("mean", [one, other], _ => 1.0),
            new ComputeNode("mean", [other, one], _ => 1.0),
            new ComputeNode("mean", [longer], _ => 1.0),
            new ComputeNode("mean", [longer], _ => 1.0, interval: Bars.Minute),
            new OwnNode("mean", one),
            new ComputeNode(_ => Payload.None, new NodeOptions { Name = "mean", Inputs = [one], Tags = ["a"] }),
            new ComputeNode("mean", [one], _ => 1.0, period: 30),
            new ComputeNode("mean", [one], One),
            new ComputeNode("mean", [one], Two),
            new ComputeNode(_ => Payload.None, new NodeOptions { Name = "mean", Inputs = [one], Function = "x" }),
            new ComputeNode(_ => Payload.None, new NodeOptions { Name = "mean", Inputs = [one], Function = "y" }),
        ];

        Assert.Equal(nodes.Length, nodes.Select(node => node.NodeId).Distinct().Count());
        Assert.Equal(nodes[0].NodeId, new ComputeNode("mean", [one], _ => 2.0).NodeId);
        Assert.Contains(new ComputeNode("mean", [one], One).NodeId, nodes.Select(node => node.NodeId));
    }

    [Theory]
    [InlineData("")]
    [InlineData("qmtl_x")]
    [InlineData("a very long name of a node, longer than any table's name may be, and longer still")]
    [InlineData("Größe / 日本 \"'%~`")]
    public void A_derived_id_is_a_table_name_everywhere(string name)
    {
        var stream = new StreamInput(Plain with { Tags = [name] });
        var node = new ComputeNode(_ => Payload.None, new NodeOptions { Name = name, Inputs = [stream] });

        foreach (string id in new[] { stream.NodeId, node.NodeId })
        {
            Assert.InRange(Encoding.UTF8.GetByteCount(id), 1, 63);
            Assert.Matches("^(stream|node)_[a-z0-9_]+$", id);
        }
    }

    private static double One(CacheView view) => 1;

    private static double Two(CacheView view) => 2;

    private sealed class OwnNode(string name, Node input) : Node(new NodeOptions { Name = name, Inputs = [input] })
    {
        protected internal override Payload Compute(CacheView view) => Payload.None;
    }
}
