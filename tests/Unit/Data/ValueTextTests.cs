using Qmtl.Data;

namespace Qmtl.Unit.Data;

public sealed class ValueTextTests
{
    [Theory]
    [InlineData("1.5", 1.5)]
    [InlineData(" -1E-07 ", -1e-7)]
    [InlineData("0\u066b000123", 0.000123)]
    [InlineData("1E\u200e\u221207", 1e-7)]
    [InlineData("\u200e\u22121234\u066b5", -1234.5)]
    [InlineData("\u061c-07", -7)]
    public void A_number_is_read_also_as_NET_writes_it_in_Persian_and_Arabic(string text, double number)
    {
        Assert.True(ValueText.TryReadNumber(text, out double read));
        Assert.Equal(number, read);
    }

    [Theory]
    [InlineData("1,5")]
    [InlineData("1\u066c234")]
    [InlineData("\u200e")]
    [InlineData("NaN")]
    [InlineData("")]
    public void Nothing_else_is_taken_for_a_number(string text) => Assert.False(ValueText.TryReadNumber(text, out _));
}
