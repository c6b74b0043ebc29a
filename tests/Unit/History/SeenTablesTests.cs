using Qmtl.History.Relational;
using Qmtl.History.Relational.PostgreSql;

namespace Qmtl.Unit.History;

public sealed class SeenTablesTests
{
    private readonly SeenTables _seen = new();

    [Fact]
    public void Tables_are_those_of_the_schema_that_is_looked_at()
    {
        FoundTable table = _seen.Note("public", Table("bars"));
        Assert.Same(table, _seen.Note("public", Table("bars")));
        Assert.Equal([table], _seen.Recall("public", ["bars", "others"]));
        Assert.Empty(_seen.Recall("desk", ["bars"]));

        // The user's search path has been altered: what was seen was seen elsewhere.
        FoundTable other = _seen.Note("desk", Table("others"));
        Assert.Equal([other], _seen.Recall("desk", ["bars", "others"]));
        Assert.False(_seen.IsKnown("bars"));
    }

    [Fact]
    public void The_latest_look_at_a_table_is_what_is_known_of_it()
    {
        FoundTable was = _seen.Note("public", Table("bars"));
        FoundTable wider = _seen.Note("public", Table("bars") with { HasKey = false });
        Assert.NotSame(was, wider);
        Assert.Equal([wider], _seen.Recall("public", ["bars"]));
        Assert.True(_seen.Forget(["others", "bars"]));
        Assert.False(_seen.Forget(["bars"]));
        Assert.Empty(_seen.Recall("public", ["bars"]));
    }

    private static FoundTable Table(string name) => new(name, [new StoredColumn("close", StoredType.Double, "double precision")], HasKey: true);
}
