using Qmtl.Metrics.Export;

namespace Qmtl.Unit.Metrics;

public sealed class ConstantLabelsTests
{
    [Fact]
    public void Labels_of_ones_own_are_taken() =>
        Assert.Equal("task=\"nightly\",desk=\"a\\\"b\"", ConstantLabels.Create([KeyValuePair.Create("task", "nightly"), KeyValuePair.Create("desk", "a\"b")]).ToString());

    [Theory]
    [InlineData("node_id", "metrics' own")]
    [InlineData("le", "metrics' own")]
    [InlineData("", "not fit")]
    [InlineData("9lives", "not fit")]
    [InlineData("my-task", "not fit")]
    [InlineData("__name__", "not fit")]
    public void Names_that_a_reader_would_refuse_are_refused_here(string name, string expected)
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => ConstantLabels.Create([KeyValuePair.Create(name, "x")]));

        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_is_given_once() =>
        Assert.Throws<ArgumentException>(() => ConstantLabels.Create([KeyValuePair.Create("task", "a"), KeyValuePair.Create("task", "b")]));
}
