using System.Text.RegularExpressions;
using FsCheck.Xunit;
using Qmtl.History.QuestDb;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.History.QuestDb;

public sealed class QuestDbNamesTests
{
    [Theory]
    [InlineData("BTCUSDT", "BTCUSDT")]
    [InlineData("btc@kline_1m", "btc@kline_1m")]
    [InlineData("BTC-USDT.P", "BTC-USDT.P")]
    [InlineData("BTC/USDT", "BTC^2FUSDT")]
    [InlineData("100%", "100^25")]
    [InlineData("a?b,c:d*e", "a^3Fb^2Cc^3Ad^2Ae")]
    [InlineData("x\"; DROP TABLE \"y\"; --", "x^22; DROP TABLE ^22y^22; --")]
    [InlineData("it's", "it^27s")]
    [InlineData("..", "^2E^2E")]
    [InlineData("a..b", "a.^2Eb")]
    [InlineData(".a.", "^2Ea^2E")]
    [InlineData(" a b ", "^20a b^20")]
    [InlineData("a\nb", "a^0Ab")]
    [InlineData("a\ufeffb", "a^EF^BB^BFb")]
    [InlineData("ノード🚀é", "ノード🚀é")]
    [InlineData("2^10", "2^5E10")]
    [InlineData("x^y", "x^y")]
    [InlineData("a^#b", "a^5E#b")]
    [InlineData("^2/", "^2^2F")]
    [InlineData("QMTL_x", "^51MTL_x")]
    [InlineData("telemetry_config", "^74elemetry_config")]
    public void A_node_id_becomes_a_name_that_is_read_back(string nodeId, string table)
    {
        Assert.Equal(table, new QuestDbTableNaming(null).TableOf(nodeId));
        Assert.Equal(nodeId, QuestDbNames.Unescape(table));
    }

    [Fact]
    public void The_examples_of_the_documentation_are_right()
    {
        string text = File.ReadAllText(Path.Combine(Repository.Root, "docs", "stores", "questdb.md"));
        Match[] rows = [.. Regex.Matches(text, @"^\| (?<ids>`.+`) \| (`(?<table>[^`]+)`|the same) \|$", RegexOptions.Multiline).Cast<Match>()];
        Assert.Equal(6, rows.Length);
        foreach (Match row in rows)
        {
            foreach (string nodeId in row.Groups["ids"].Value.Split(", ").Select(id => id.Trim('`')))
            {
                Assert.Equal(row.Groups["table"].Success ? row.Groups["table"].Value : nodeId, new QuestDbTableNaming(null).TableOf(nodeId));
            }
        }
    }

    [Theory]
    [InlineData("close", "close")]
    [InlineData("bid-size", "bid^2Dsize")]
    [InlineData("bid.size", "bid^2Esize")]
    [InlineData("Δ (adj.)", "Δ ^28adj^2E^29")]
    public void A_column_becomes_a_name_that_is_read_back(string column, string stored)
    {
        Assert.Equal(stored, QuestDbNames.EscapeColumn(column));
        Assert.Equal(column, QuestDbNames.Unescape(stored));
    }

    [Property(MaxTest = 500)]
    public void Any_name_is_read_back(FsCheck.NonNull<string> text)
    {
        string name = string.Concat(text.Get.Where(character => !char.IsSurrogate(character)));
        Assert.Equal(name, QuestDbNames.Unescape(QuestDbNames.EscapeTable(name)));
        Assert.Equal(name, QuestDbNames.Unescape(QuestDbNames.EscapeTable(name, escapeFirst: name.Length > 0)));
        Assert.Equal(name, QuestDbNames.Unescape(QuestDbNames.EscapeColumn(name)));
    }

    [Property(MaxTest = 500)]
    public void Names_of_signs_that_mean_something_are_read_back(FsCheck.NonEmptyArray<byte> choices)
    {
        const string Signs = "^2F5E#^/. ~";
        string name = string.Concat(choices.Get.Select(choice => Signs[choice % Signs.Length]));
        Assert.Equal(name, QuestDbNames.Unescape(QuestDbNames.EscapeTable(name)));
    }

    [Theory]
    [InlineData('n', 1024)]
    [InlineData('é', 128)]
    [InlineData('中', 100)]
    [InlineData('/', 50)]
    public void A_name_that_is_too_long_ends_in_a_hash(char character, int length)
    {
        var naming = new QuestDbTableNaming(null);
        string one = naming.TableOf(new string(character, length) + "1");
        string two = naming.TableOf(new string(character, length) + "2");
        Assert.NotEqual(one, two);
        Assert.Contains("^#", one, StringComparison.Ordinal);
        Assert.True(QuestDbNames.IsShortEnough(one), one);
        Assert.StartsWith(QuestDbNames.EscapeTable(new string(character, 20)), one, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("BTC/USDT", "BTC^2FUSDT")]
    [InlineData("qmtl_bars", "reserved")]
    [InlineData("sys.bars", "reserved")]
    [InlineData("", "blank")]
    public void A_table_that_was_asked_for_by_name_is_refused_where_QuestDB_would(string table, string hint)
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => new QuestDbTableNaming(table));
        Assert.Contains(hint, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_table_that_was_asked_for_holds_every_node() => Assert.Equal("all bars", new QuestDbTableNaming("all bars").TableOf("BTC/USDT"));
}
