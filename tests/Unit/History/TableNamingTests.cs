using System.Text;
using FsCheck.Xunit;
using Qmtl.History.Relational;

namespace Qmtl.Unit.History;

public sealed class TableNamingTests
{
    private const int Maximum = 63;

    private static readonly TableNaming Naming = new(null, Maximum, StringComparer.Ordinal, "sqlite_");

    [Theory]
    [InlineData("BTCUSDT")]
    [InlineData("a b;c\"d%")]
    [InlineData("pg_class")]
    public void A_node_id_is_its_tables_name_where_that_can_be(string nodeId) => Assert.Equal(nodeId, Naming.TableOf(nodeId));

    [Theory]
    [InlineData("qmtl_empty_ranges")]
    [InlineData("QMTL_x")]
    [InlineData("Sqlite_master")]
    public void A_reserved_name_is_mapped_out_of_the_reserved_names(string nodeId)
    {
        string table = Naming.TableOf(nodeId);
        Assert.StartsWith("_" + nodeId + "~", table, StringComparison.Ordinal);
        Assert.Equal(table, Naming.TableOf(nodeId));
    }

    [Property]
    public void Every_node_id_has_a_name_that_fits_and_is_found_again(string? text, int repeat)
    {
        string nodeId = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(text + "🚀x", 1 + Math.Abs(repeat % 40)))));
        string table = Naming.TableOf(nodeId);
        Assert.InRange(Encoding.UTF8.GetByteCount(table), 1, Maximum);
        Assert.DoesNotContain('\uFFFD', table.Except(nodeId));
        Assert.True(Naming.IsIn(nodeId, table));
    }

    [Fact]
    public void Long_node_ids_that_begin_alike_have_different_names() =>
        Assert.NotEqual(Naming.TableOf(new string('x', 100) + "1"), Naming.TableOf(new string('x', 100) + "2"));

    [Fact]
    public void A_given_table_holds_every_node()
    {
        var naming = new TableNaming("bars", Maximum, StringComparer.Ordinal);
        Assert.Equal("bars", naming.TableOf("BTCUSDT"));
        Assert.Equal("bars", naming.TableOf(new string('x', 500)));
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("a\0")]
    [InlineData("qmtl_bars")]
    [InlineData("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx")]
    public void A_given_table_that_cannot_be_is_refused(string table) =>
        Assert.Throws<ArgumentException>(() => new TableNaming(table, Maximum, StringComparer.Ordinal));
}
