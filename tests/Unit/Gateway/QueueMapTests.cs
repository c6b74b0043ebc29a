using System.Text.Json;
using Qmtl.Gateway.Submission;

namespace Qmtl.Unit.Gateway;

public sealed class QueueMapTests
{
    [Theory]
    [InlineData("a", "a", 0, 0, null)]
    [InlineData("a:60:0", "a", 60, 0, null)]
    [InlineData("a:0:7", "a", 0, 7, null)]
    [InlineData("a:60", "a", 60, 0, null)]
    [InlineData("a:60:", "a", 60, 0, null)]
    [InlineData("a::3", "a", 0, 3, null)]
    [InlineData("a::", "a", 0, 0, null)]
    [InlineData("a:60:0#ck=world:1", "a", 60, 0, "world:1")]
    [InlineData("a#ck=x", "a", 0, 0, "x")]
    [InlineData("a:60#ck=", "a", 60, 0, "")]
    [InlineData("x:y:z", "x:y:z", 0, 0, null)]
    [InlineData("x:y:z:60:1", "x:y:z", 60, 1, null)]
    [InlineData("x:y:z:60:1#ck=k", "x:y:z", 60, 1, "k")]
    [InlineData("b:60", "b:60", 0, 0, null)]
    [InlineData("b:60:60:2", "b:60", 60, 2, null)]
    [InlineData("b:60:60", "b", 60, 60, null)]
    [InlineData("n#ck=1:5:6#ck=2", "n#ck=1", 5, 6, "2")]
    [InlineData("n#ck=1:5:6", "n#ck=1", 5, 6, null)]
    public void A_key_names_a_node_and_its_part(string key, string nodeId, long interval, long bucket, string? computeKey)
    {
        string[] nodes = ["a", "x:y:z", "b", "b:60", "n#ck=1"];

        Assert.Equal(new PartitionKey(nodeId, interval, bucket, computeKey), PartitionKey.Read(key, nodes.Contains));
    }

    [Theory]
    [InlineData("c")]
    [InlineData("a:60:0:0")]
    [InlineData("a:one:0")]
    [InlineData("a:-1:0")]
    [InlineData("a:99999999999999999999:0")]
    [InlineData("A:60:0")]
    [InlineData("")]
    public void A_key_of_no_node_is_none(string key)
    {
        Assert.Null(PartitionKey.Read(key, id => id == "a"));
    }

    [Fact]
    public void A_value_is_a_topic_or_a_list_and_the_partitions_of_a_node_come_together()
    {
        QueueMap map = Read("""{"g:a": "t1", "g:b:60:0": ["t2", "t3", "t2"], "g:b:60:1": "t4", "g:b:60:2": "t2", "g:c": [], "stranger:60:0": "t9"}""");

        Assert.Equal(["t1"], map.GetTopics("a"));
        Assert.Equal(["t2", "t3", "t4"], map.GetTopics("b"));
        Assert.Equal((true, true, 2), (map.IsElsewhere("a"), map.IsElsewhere("b"), map.ElsewhereCount));
        Assert.Equal((false, 0), (map.IsElsewhere("c"), map.GetTopics("c").Count));
        Assert.Equal((false, 0), (map.IsElsewhere("d"), map.GetTopics("d").Count));
        Assert.Equal(["a", "b", "c"], map.NodeIds.Order());
        Assert.Equal(["stranger:60:0"], map.UnknownKeys);
    }

    [Theory]
    [InlineData("""[{"queue":"q","global":true}]""", true)]
    [InlineData("""{"queue":"q","global":true}""", true)]
    [InlineData("""[{"queue":"q","global":false},{"queue":"r","global":true}]""", true)]
    [InlineData("""[{"queue":"q","global":false}]""", false)]
    [InlineData("""[{"queue":"q"}]""", false)]
    [InlineData("[]", false)]
    public void A_node_with_a_global_queue_is_computed_elsewhere(string queues, bool elsewhere)
    {
        QueueMap map = Read($$"""{"g:a:60:0#ck=x": {{queues}}}""");

        Assert.Equal(elsewhere, map.IsElsewhere("a"));
        Assert.Equal(["a"], map.NodeIds);
    }

    [Fact]
    public void The_queues_of_a_query_by_tags_are_what_it_reads_and_it_is_never_elsewhere()
    {
        QueueMap map = Read("""{"g:query": [{"queue":"q","global":false},{"queue":"everybody","global":true}], "g:query:60:1": ["r"]}""");

        Assert.Equal(["q", "r"], map.GetTopics("query"));
        Assert.False(map.IsElsewhere("query"));
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("\"t\"")]
    [InlineData("{\"g:a\": 1}")]
    [InlineData("{\"g:a\": null}")]
    [InlineData("{\"g:a\": \" \"}")]
    [InlineData("{\"g:a\": [\"t\", 1]}")]
    [InlineData("{\"g:a\": {\"topic\": \"t\"}}")]
    [InlineData("{\"g:a\": [{\"queue\": \"t\", \"global\": \"no\"}]}")]
    public void Anything_else_is_no_queue_map(string json)
    {
        Assert.Matches("'(queue_map|queue|global)'", Assert.Throws<FormatException>(() => Read(json)).Message);
    }

    // The gateway's ids are not ours.
    private static QueueMap Read(string json) => QueueMap.Read(
        JsonDocument.Parse(json).RootElement,
        new[] { "a", "b", "c", "d", "query" }.ToDictionary(
            id => $"g:{id}",
            id => new GatewayNode(id, id == "query" ? "TagQueryNode" : "ComputeNode", id, 60, 1, [], [], "", "", "", "", PreWarmup: false)));
}
