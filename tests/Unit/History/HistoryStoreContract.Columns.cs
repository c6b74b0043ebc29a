using Qmtl.Data;
using Qmtl.History;
using Qmtl.Unit.Fixtures;
using static Qmtl.Unit.Fixtures.Columns;

namespace Qmtl.Unit.History;

public abstract partial class HistoryStoreContract
{
    [StoreFact]
    public async Task New_columns_are_added_and_old_bars_have_nothing_in_them()
    {
        await using IHistoryStore store = Open();
        await WriteAsync(store, Frame(60));
        await WriteAsync(store, Frame([120], Doubles("close", 1.0), Longs("trades", 5L), Texts("note", "x")));

        BarFrame read = await ReadOneAsync(store);
        Assert.Equal([30.0, 1.0], ValuesOf(read, "close"));
        Assert.Equal([null, 5L], ValuesOf(read, "trades"));
        Assert.Equal([null, "x"], ValuesOf(read, "note"));
    }

    [StoreFact]
    public async Task A_column_without_a_value_is_not_made()
    {
        await using IHistoryStore store = Open();
        await WriteAsync(store, Frame([60], BarColumn.OfNulls("later", BarColumnType.Double, 1)));
        Assert.Null((await ReadOneAsync(store)).FindColumn("later"));

        await WriteAsync(store, Frame([120], Texts("later", "text after all")));
        Assert.Equal([null, "text after all"], ValuesOf(await ReadOneAsync(store), "later"));
    }

    [StoreFact]
    public async Task Nulls_fit_a_column_of_any_type_and_replace_its_values()
    {
        await using IHistoryStore store = Open();
        await WriteAsync(store, Frame([60, 120], Texts("note", "x", "y")));
        await WriteAsync(store, Frame([60], BarColumn.OfNulls("note", BarColumnType.Double, 1)));
        Assert.Equal([null, "y"], ValuesOf(await ReadOneAsync(store), "note"));
    }

    [StoreFact]
    public async Task Column_names_match_whatever_their_case()
    {
        await using IHistoryStore store = Open();
        await WriteAsync(store, Frame([60], Doubles("Close", 1.0)));
        await WriteAsync(store, Frame([60], Doubles("cLOSE", 2.0)));

        BarFrame read = await ReadOneAsync(store);
        Assert.Equal("Close", Assert.Single(read.Columns).Name);
        Assert.Equal([2.0], ValuesOf(read, "Close"));
    }

    [StoreFact]
    public async Task Whole_numbers_pass_between_number_columns()
    {
        await using IHistoryStore store = Open();
        await WriteAsync(store, Frame([60], Longs("count", 1L), Doubles("price", 1.5)));
        await WriteAsync(store, Frame([120], Doubles("count", -2.0), Longs("price", 1L << 53)));

        BarFrame read = await ReadOneAsync(store);
        Assert.Equal([1L, -2L], ValuesOf(read, "count"));
        Assert.Equal([1.5, 9007199254740992.0], ValuesOf(read, "price"));
    }

    [StoreFact]
    public async Task A_column_that_is_whole_in_one_page_and_not_in_the_next_is_made_for_both()
    {
        await using IHistoryStore store = Open();
        await WriteAsync(store, Frame([60], Longs("x", 1L)), Frame([120], Doubles("x", 1.5)));
        Assert.Equal([1.0, 1.5], ValuesOf(await ReadOneAsync(store), "x"));
    }

    [StoreFact]
    public async Task A_column_that_was_whole_first_takes_fractions_and_keeps_what_it_had()
    {
        await using IHistoryStore store = Open();
        await WriteAsync(store, Frame([60, 120], Longs("Volume", 10L, 1L << 53), Longs("count", 3L, 4L)));
        Assert.Empty(store.TakeWarnings(Stream));
        await WriteAsync(store, Frame([180], Doubles("volume", 10.75), Longs("count", 5L)));

        string warning = Assert.Single(store.TakeWarnings(Stream));
        Assert.StartsWith("Column 'Volume' of table 'BTCUSDT' in ", warning, StringComparison.Ordinal);
        Assert.Contains("holds doubles now", warning, StringComparison.Ordinal);
        await WriteAsync(store, Frame([240], Longs("Volume", 7L)), Frame([300], Doubles("Volume", 0.0005)));
        BarFrame read = await ReadOneAsync(store);
        Assert.Equal([10.0, 9007199254740992.0, 10.75, 7.0, 0.0005], ValuesOf(read, "Volume"));
        Assert.Equal([3L, 4L, 5L, null, null], ValuesOf(read, "count"));
        Assert.Empty(store.TakeWarnings(Stream));
    }

    [StoreFact]
    public async Task A_NaN_is_no_value_in_a_column_of_any_type()
    {
        await using IHistoryStore store = Open();
        await WriteAsync(store, Frame([60], Longs("count", 1L), Doubles("price", 0.5), Texts("note", "x")));
        await WriteAsync(store, Frame([120, 180], Doubles("count", double.NaN, 3), Doubles("price", double.NaN, 1)));
        double[] nothing = [double.NaN];
        await WriteAsync(store, Frame([60], Doubles("count", nothing), Doubles("note", nothing)));

        BarFrame read = await ReadOneAsync(store);
        Assert.Equal([null, null, 3L], ValuesOf(read, "count"));
        Assert.Equal([0.5, null, 1.0], ValuesOf(read, "price"));
        Assert.Equal([null, null, null], ValuesOf(read, "note"));
        Assert.Empty(store.TakeWarnings(Stream));
    }

    public static TheoryData<string, string> Conflicts => new()
    {
        { "fraction", "smallest" }, { "long", "fraction" }, { "long", "huge" }, { "long", "text" }, { "long", "flag" },
        { "fraction", "long" }, { "fraction", "text" }, { "fraction", "flag" },
        { "text", "long" }, { "text", "fraction" }, { "text", "flag" },
        { "flag", "long" }, { "flag", "fraction" }, { "flag", "text" },
    };

    [StoreTheory]
    [MemberData(nameof(Conflicts))]
    public async Task A_column_of_another_type_is_a_clear_error_and_nothing_is_written(string stored, string given)
    {
        await using IHistoryStore store = Open();
        await WriteAsync(store, Frame([60], Column(stored)));

        StoreException error = await Assert.ThrowsAsync<StoreException>(
            () => store.WriteAsync(Stream, [Page(Frame([120], Doubles("new_column", 1.0))), Page(Frame([180], Column(given)), Set((180, 240)), Set((240, 240)))]));

        Assert.False(error.IsTransient);
        Assert.Contains("'x'", error.Message, StringComparison.Ordinal);
        Assert.Contains("'BTCUSDT'", error.Message, StringComparison.Ordinal);
        Assert.Contains("Nothing was written", error.Message, StringComparison.Ordinal);
        Assert.Equal(Set((60, 60)), await store.GetCoverageAsync(Stream));
        Assert.True((await store.GetKnownEmptyAsync(Stream, null)).IsEmpty);
        Assert.Null((await ReadOneAsync(store)).FindColumn("new_column"));

        static BarColumn Column(string kind) => kind switch
        {
            // One more than a double can tell from its neighbour.
            "long" => Longs("x", (1L << 53) + 1),
            "smallest" => Longs("x", long.MinValue),
            "fraction" => Doubles("x", 0.5),
            "huge" => Doubles("x", 1e300),
            "flag" => Flags("x", true),
            _ => Texts("x", "1"),
        };
    }

    [StoreFact]
    public async Task A_hostile_column_name_is_only_a_name()
    {
        const string Name = "a\"; DROP TABLE \"BTCUSDT\"; -- @x $1";
        await using IHistoryStore store = Open();
        await WriteAsync(store, Frame([60], Doubles(Name, 1.0)));
        await WriteAsync(store, Frame([60, 120], Doubles(Name, 2.0, 3.0)));
        Assert.Equal([2.0, 3.0], ValuesOf(await ReadOneAsync(store), Name));
    }

    [StoreTheory]
    [InlineData("PRIMARY KEY (node_id, \"interval\", ts)")]
    [InlineData("CHECK (1 = 1)")]
    public async Task No_column_name_is_mistaken_for_a_part_of_a_statement(string constraint)
    {
        string[] names = ["n", "i", "s", "t", "c0", "opened", "bar", "first", "last", "island", "excluded", "target", "rowid", "source", "select"];
        await ExecuteAsync($"CREATE TABLE \"BTCUSDT\" (node_id text, \"interval\" integer, ts bigint, {constraint})");
        await using IHistoryStore store = Open();
        await WriteAsync(store, Frame([60, 180], [.. names.Select((name, index) => Doubles(name, index, index))]));
        await WriteAsync(store, Frame([60, 120], [.. names.Select((name, index) => Doubles(name, -index, -index))]));

        BarFrame read = await ReadOneAsync(store);
        Assert.All(names, (name, index) => Assert.Equal([(double)-index, (double)-index, (double)index], ValuesOf(read, name)));
        Assert.Equal(Set((60, 180)), await store.GetCoverageAsync(Stream));
        Assert.Equal([Stream], await store.GetStreamsAsync());
    }
}
