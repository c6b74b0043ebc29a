using Qmtl.Caching;
using Qmtl.Payloads;
using Qmtl.Strategies;
using Qmtl.Streams;
using Qmtl.Time;
using Qmtl.Unit.Streams;

namespace Qmtl.Unit.Strategies;

public class StrategyTests
{
    private readonly StreamInput _first = Graphs.Stream("FIRST");
    private readonly StreamInput _second = Graphs.Stream("SECOND");

    [Fact]
    public void Inputs_are_included_and_come_before_what_computes_from_them()
    {
        Node fast = Graphs.Sum("fast", _first);
        Node slow = Graphs.Sum("slow", _first, _second);
        Node both = Graphs.Sum("both", slow, fast);

        var strategy = new NodeStrategy("crossover", both);

        Assert.Equal([_first, _second, slow, fast, both], strategy.Nodes);
    }

    [Fact]
    public void Otherwise_nodes_stand_in_the_order_they_were_added_in_each_once()
    {
        Node fast = Graphs.Sum("fast", _first);
        Node slow = Graphs.Sum("slow", _second);

        var strategy = new NodeStrategy("x", _second, _first, slow, fast, slow);

        Assert.Equal([_second, _first, slow, fast], strategy.Nodes);
    }

    [Fact]
    public void Setup_is_called_once_and_at_first_use()
    {
        var strategy = new CountingStrategy(_first);
        int before = strategy.Setups;

        _ = strategy.Nodes;
        _ = strategy.Nodes;

        Assert.Equal((0, 1, "CountingStrategy"), (before, strategy.Setups, strategy.Name));
    }

    [Fact]
    public void A_strategy_without_nodes_is_refused_in_words()
    {
        var error = Assert.Throws<InvalidOperationException>(() => new NodeStrategy("empty").Nodes);

        Assert.Contains("'empty' has no node", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_cycle_is_an_error_that_names_it()
    {
        var a = new LoopNode("A");
        var b = new LoopNode("B") { From = [a] };
        var c = new LoopNode("C") { From = [b] };
        a.From = [_first, c];
        Node after = Graphs.Sum("after", c);

        var error = Assert.Throws<InvalidOperationException>(() => new NodeStrategy("x", after).Nodes);

        Assert.Contains("C -> A -> B -> C", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_node_that_computes_from_itself_is_a_cycle()
    {
        var a = new LoopNode("A");
        a.From = [a];

        var error = Assert.Throws<InvalidOperationException>(() => new Pipeline([a]));

        Assert.Contains("A -> A", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_different_nodes_of_one_id_and_interval_are_an_error()
    {
        Node one = Graphs.Sum("mean", _first);
        Node other = new ComputeNode("mean", [_first], _ => 2.0);

        var error = Assert.Throws<InvalidOperationException>(() => new NodeStrategy("x", one, other).Nodes);

        Assert.Contains($"'mean' and 'mean'", error.Message, StringComparison.Ordinal);
        Assert.Contains(one.NodeId, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_nodes_of_one_id_and_different_intervals_are_two_nodes()
    {
        var hours = new StreamInput(new StreamInputOptions { NodeId = "FIRST", Interval = BarInterval.Parse("1h") });

        Assert.Equal(2, new NodeStrategy("x", _first, hours).Nodes.Count);
    }

    [Fact]
    public void A_node_that_nothing_feeds_is_refused_by_the_pipeline()
    {
        var error = Assert.Throws<InvalidOperationException>(() => new Pipeline([new LoopNode("alone")]));

        Assert.Contains("'alone' has no input", error.Message, StringComparison.Ordinal);
    }

    private sealed class CountingStrategy(Node node) : Strategy
    {
        public int Setups { get; private set; }

        protected override void Setup()
        {
            Setups++;
            AddNodes(node);
        }
    }

    private sealed class LoopNode(string name) : Node(new NodeOptions { Name = name, NodeId = name, Interval = Bars.Minute })
    {
        public IReadOnlyList<Node> From { get; set; } = [];

        public override IReadOnlyList<Node> Inputs => From;

        protected internal override Payload Compute(CacheView view) => Payload.None;
    }
}
