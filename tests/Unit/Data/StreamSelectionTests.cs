using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.Unit.Data;

public sealed class StreamSelectionTests
{
    private static readonly BarInterval Minute = BarInterval.Parse("1m");
    private static readonly BarInterval Hour = BarInterval.Parse("1h");

    private static readonly StreamKey[] Stored =
        [new("A", Minute), new("A*", Minute), new("AB", Minute), new("AB", Hour), new("C", Hour)];

    [Fact]
    public void All_is_meant_where_nothing_is_named() => Assert.Equal(Stored, new StreamSelection().From(Stored, "store").Streams);

    [Fact]
    public void Names_come_in_their_order_and_each_stream_once()
    {
        var selection = new StreamSelection { Nodes = [new NodeName("C"), Begins("A"), new NodeName("C")], Intervals = [Hour] };
        (IReadOnlyList<StreamKey> streams, IReadOnlyList<MissingStream> missing) = selection.From(Stored, "store");
        Assert.Equal([new StreamKey("C", Hour), new StreamKey("AB", Hour)], streams);
        Assert.Empty(missing);
    }

    [Fact]
    public void A_text_that_is_a_stored_id_means_that_node_whatever_it_looks_like()
    {
        var selection = new StreamSelection { Nodes = [new NodeName("A*", id => id[0] == 'A')] };
        Assert.Equal([new StreamKey("A*", Minute)], selection.From(Stored, "store").Streams);
    }

    [Fact]
    public void What_is_excepted_is_left_out_and_not_missing()
    {
        var selection = new StreamSelection { Nodes = [Begins("A")], Except = [new NodeName("AB"), new NodeName("A*")] };
        (IReadOnlyList<StreamKey> streams, IReadOnlyList<MissingStream> missing) = selection.From(Stored, "store");
        Assert.Equal([new StreamKey("A", Minute)], streams);
        Assert.Empty(missing);
    }

    [Fact]
    public void What_is_not_there_is_told_with_what_is()
    {
        BarInterval day = BarInterval.Parse("1d");
        var selection = new StreamSelection { Nodes = [new NodeName("ab"), Begins("X"), new NodeName("AB")], Intervals = [day] };
        IReadOnlyList<MissingStream> missing = selection.From(Stored, "store").Missing;
        Assert.Equal(
            [
                "store holds no node 'ab'. Did you mean AB, A or A*?",
                "store holds no node like 'X?'; it holds A, A*, AB and C.",
                "store holds no 'AB' in bars of 1d, but of 1m and 1h.",
            ],
            missing.Select(problem => problem.Message));
        Assert.Equal([true, false, true], missing.Select(problem => problem.IsOfOneStream));
        Assert.Equal(new StreamKey("AB", day), Assert.Single(missing[2].Streams));
        Assert.Equal("store holds no bars at all.", Assert.Single(new StreamSelection().From([], "store").Missing).Message);
    }

    [Fact]
    public void Streams_are_named_where_every_node_and_interval_is()
    {
        var selection = new StreamSelection { Nodes = [new NodeName("A"), new NodeName("B")], Intervals = [Minute, Hour] };
        Assert.Equal([new("A", Minute), new("A", Hour), new("B", Minute), new("B", Hour)], selection.Named!);
        Assert.Null(new StreamSelection { Nodes = [Begins("A")], Intervals = [Minute] }.Named);
        Assert.Null(new StreamSelection { Nodes = [new NodeName("A")] }.Named);
        Assert.Throws<ArgumentException>(() => new StreamSelection { Nodes = [new NodeName(" ")] }.From(Stored, "store"));
    }

    private static NodeName Begins(string text) => new($"{text}?", id => id.StartsWith(text, StringComparison.Ordinal));
}
