using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.Unit.Data;

public class StreamKeyTests
{
    private static readonly BarInterval Minute = BarInterval.Parse("1m");

    [Theory]
    [InlineData("BTCUSDT")]
    [InlineData("two words; drop table \"x\" -- 'y'")]
    [InlineData("żółć 📈")]
    public void Any_text_can_be_a_node_id(string nodeId)
    {
        var key = new StreamKey(nodeId, Minute);

        Assert.Equal((nodeId, Minute, nodeId + " 1m"), (key.NodeId, key.Interval, key.ToString()));
        Assert.Equal(key, new StreamKey(nodeId, BarInterval.Parse("60")));
    }

    [Fact]
    public void Case_counts() => Assert.NotEqual(new StreamKey("a", Minute), new StreamKey("A", Minute));

    [Theory]
    [InlineData("", "needed")]
    [InlineData(" ", "needed")]
    [InlineData("a\0b", "NUL")]
    public void What_no_store_can_keep_is_refused(string nodeId, string message) =>
        Assert.Contains(message, Assert.Throws<ArgumentException>(() => new StreamKey(nodeId, Minute)).Message, StringComparison.Ordinal);

    [Fact]
    public void Half_a_surrogate_pair_too_long_an_id_and_no_interval_are_refused()
    {
        Assert.Throws<ArgumentException>(() => new StreamKey("a\uD83D", Minute));
        Assert.Throws<ArgumentException>(() => new StreamKey("\uDCC8a", Minute));
        Assert.Throws<ArgumentException>(() => new StreamKey(new string('x', StreamKey.MaximumNodeIdLength + 1), Minute));
        Assert.Throws<InvalidOperationException>(() => new StreamKey("a", default));
        Assert.Equal(StreamKey.MaximumNodeIdLength, new StreamKey(new string('x', StreamKey.MaximumNodeIdLength), Minute).NodeId.Length);
    }
}
