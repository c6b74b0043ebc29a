using Qmtl.Metrics.Collection;

namespace Qmtl.Unit.Metrics;

public sealed class LabelSetTests
{
    [Theory]
    [InlineData("BTCUSDT", "BTCUSDT")]
    [InlineData("a\"b", "a\\\"b")]
    [InlineData(@"a\b", @"a\\b")]
    [InlineData("a\nb", @"a\nb")]
    [InlineData("a\\\n\"", "a\\\\\\n\\\"")]
    [InlineData("{a,b=1} 日本 😀", "{a,b=1} 日本 😀")]
    [InlineData("", "")]
    public void Values_are_escaped(string value, string expected) =>
        Assert.Equal($"node_id=\"{expected}\"", new LabelSet([KeyValuePair.Create("node_id", value)]).ToString());

    [Theory]
    [InlineData("node.id", "node_id")]
    [InlineData("9lives", "_9lives")]
    [InlineData("größe", "gr__e")]
    public void Names_are_made_fit(string tag, string expected) =>
        Assert.Equal(expected, new LabelSet([KeyValuePair.Create(tag, "x")])[0].Key);

    [Fact]
    public void The_same_labels_are_the_same_set()
    {
        var one = new LabelSet([KeyValuePair.Create("a", "1"), KeyValuePair.Create("b", "2")]);
        var same = new LabelSet([KeyValuePair.Create("a", "1"), KeyValuePair.Create("b", "2")]);

        Assert.Equal(one, same);
        Assert.Equal(one.GetHashCode(), same.GetHashCode());
        Assert.NotEqual(one, new LabelSet([KeyValuePair.Create("a", "1"), KeyValuePair.Create("b", "3")]));
        Assert.NotEqual(one, new LabelSet([KeyValuePair.Create("a", "1"), KeyValuePair.Create("c", "2")]));
        Assert.NotEqual(one, new LabelSet([KeyValuePair.Create("a", "1")]));
    }

    [Fact]
    public void A_measurements_tags_find_their_set()
    {
        KeyValuePair<string, object?>[] tags = [new("node.id", "X"), new("count", 5)];
        LabelSet set = LabelSet.From(tags);

        Assert.Equal("node_id=\"X\",count=\"5\"", set.ToString());
        Assert.True(set.Matches(tags));
        Assert.Equal(set.GetHashCode(), LabelSet.HashOf(tags));
        Assert.False(set.Matches([new("node.id", "X"), new("count", 6)]));
    }
}
