using Qmtl.Messages;

namespace Qmtl.Unit.Messages;

public sealed class NearestNamesTests
{
    [Theory]
    [InlineData("BTCUSTD", "BTCUSDT", true)] // two swapped
    [InlineData("btcusdt", "BTCUSDT", true)] // the case
    [InlineData("BTC", "BTCUSDT", true)] // the beginning
    [InlineData("USDT", "BTCUSDT", true)] // a part
    [InlineData("BTCUSDTX", "BTCUSDT", true)] // one too many
    [InlineData("Y", "X", true)]
    [InlineData("BTCUSDT", "EURGBP", false)]
    [InlineData("backfil", "backfill", true)]
    [InlineData("gap", "gaps", true)]
    [InlineData("xyz", "gaps", false)]
    public void A_slip_is_near_and_another_word_is_not(string typed, string name, bool isNear) =>
        Assert.Equal(isNear, NearestNames.Of(typed, [name]).Contains(name));

    [Fact]
    public void The_nearest_come_first_and_no_more_than_three()
    {
        Assert.Equal(["BTCUSDT", "BTCUSDC", "BTCBUSD"], NearestNames.Of("BTCUSDT", ["BTCBUSD", "BTCUSDC", "ETHUSDT", "BTCUSDT"]));
        Assert.Equal("Did you mean BTCUSDT, BTCUSDC or BTCBUSD?", NearestNames.Ask("BTCUSDT", ["BTCBUSD", "BTCUSDC", "BTCUSDT"]));
        Assert.Null(NearestNames.Ask("nothing", ["BTCUSDT"]));
    }
}
