using System.Globalization;
using System.Text;
using Qmtl.Fetching.Http;

namespace Qmtl.Unit.Fetching.Http;

/// <summary>An amount is the double next to its text, as the runtime reads it, in whatever way it is read.</summary>
public sealed class AmountTextTests
{
    [Theory]
    [InlineData("0")]
    [InlineData("0.00000001")]
    [InlineData("9007199254740992")]
    [InlineData("9007199254740993")]
    [InlineData("0.9007199254740993")]
    [InlineData("123456789012345678")]
    [InlineData("1234567890123456789012345678")]
    [InlineData("0.000000000000000000000000000001")]
    [InlineData("00042.50")]
    [InlineData("-1.5")]
    [InlineData("1e-7")]
    [InlineData("6.02E23")]
    [InlineData("1e400")]
    public void An_amount_is_read_as_the_runtime_reads_it(string text) => RequireSame(text);

    [Fact]
    public void Any_plain_amount_is_read_as_the_runtime_reads_it()
    {
        var random = new Random(17);
        for (int i = 0; i < 200_000; i++)
        {
            string digits = random.NextInt64(0, (long)Math.Pow(10, random.Next(1, 19))).ToString(CultureInfo.InvariantCulture);
            int point = random.Next(0, digits.Length + 1);
            RequireSame(point == digits.Length ? digits : $"{(point == 0 ? "0" : digits[..point])}.{digits[point..]}");
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("1.2.3")]
    [InlineData("1,5")]
    [InlineData(" 1")]
    [InlineData("1 ")]
    [InlineData("abc")]
    [InlineData("0x10")]
    public void What_is_no_number_is_none(string text) => Assert.False(AmountText.TryRead(Encoding.UTF8.GetBytes(text), out _));

    private static void RequireSame(string text)
    {
        Assert.True(AmountText.TryRead(Encoding.UTF8.GetBytes(text), out double amount), text);
        Assert.Equal(
            BitConverter.DoubleToInt64Bits(double.Parse(text, CultureInfo.InvariantCulture)), BitConverter.DoubleToInt64Bits(amount));
    }
}
