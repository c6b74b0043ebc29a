using Qmtl.Messages;

namespace Qmtl.Unit.Messages;

public sealed class PlainTextTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("BTCUSDT, 1m: 'abc' — ₿ 币安 😀 e\u0301", "BTCUSDT, 1m: 'abc' — ₿ 币安 😀 e\u0301")]
    [InlineData("a\r\n\tb\n", "a\r\n\tb\n")]
    [InlineData("\u001b[31mred\u001b[0m", @"\u001b[31mred\u001b[0m")]
    [InlineData("all is well\rall is lost\r", @"all is well\u000dall is lost\u000d")]
    [InlineData("\u0000\u0007\u0008\u007f\u0085\u009b", @"\u0000\u0007\u0008\u007f\u0085\u009b")]
    [InlineData("\u202eevil\u2066\u200f\u200b\ufeff\u00ad", @"\u202eevil\u2066\u200f\u200b\ufeff\u00ad")]
    [InlineData("a\u2028b\u2029c", @"a\u2028b\u2029c")]
    [InlineData("\U000e0041", @"\udb40\udc41")]
    [InlineData(@"\u001b", @"\u001b")]
    public void What_a_terminal_obeys_or_reorders_is_written_out_and_the_rest_stays(string text, string expected)
    {
        Assert.Equal(expected, PlainText.Escape(text));
        Assert.Equal(expected, PlainText.Escape(PlainText.Escape(text)));
    }

    [Fact]
    public void Half_of_a_pair_is_written_out() =>
        Assert.Equal(@"a\ud83d!\ude00", PlainText.Escape("a" + '\ud83d' + "!" + '\ude00'));

    [Fact]
    public void Text_that_is_safe_is_not_copied()
    {
        string text = "two\nlines of 币安";

        Assert.Same(text, PlainText.Escape(text));
    }

    [Theory]
    [InlineData(" first\r\n\t second\u00a0third\u2028fourth\v\n", "first second third fourth")]
    [InlineData("a \u001b[2J b", @"a \u001b[2J b")]
    [InlineData(" \n", "")]
    public void One_line_has_single_blanks_and_none_at_its_ends(string text, string expected) =>
        Assert.Equal(expected, PlainText.OneLine(text));

    [Theory]
    [InlineData("12345", 5, "12345")]
    [InlineData("12345  \n", 5, "12345")]
    [InlineData("123456", 5, "12345…")]
    [InlineData("1234\u001b", 6, "1234…")]
    [InlineData("1234\u001b", 10, @"1234\u001b")]
    [InlineData("1234😀", 5, "1234…")]
    [InlineData("anything", 0, "…")]
    [InlineData("", 0, "")]
    public void It_is_cut_between_characters_never_inside_one(string text, int longest, string expected) =>
        Assert.Equal(expected, PlainText.OneLine(text, longest));
}
