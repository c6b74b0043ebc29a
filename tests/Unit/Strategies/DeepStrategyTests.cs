using Qmtl.Strategies;
using Qmtl.Streams;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.Strategies;

[Collection(ProcessMeterCollection.Name)]
public class DeepStrategyTests
{
    [Fact]
    public void A_chain_may_be_longer_than_a_stack_is_deep()
    {
        Node last = Graphs.Stream("FIRST");
        for (int i = 0; i < 50_000; i++)
        {
            last = Graphs.Sum($"N{i}", last);
        }

        Assert.Equal(50_001, new NodeStrategy("deep", last).Nodes.Count);
    }
}
