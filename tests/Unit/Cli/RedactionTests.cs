using Qmtl.Cli.Logging;

namespace Qmtl.Unit.Cli;

public sealed class RedactionTests
{
    [Theory]
    [InlineData("cannot reach postgresql://desk:secret@host:5432/db now", "cannot reach postgresql://***@host:5432/db now")]
    [InlineData("postgresql://desk:se@cret@host/db", "postgresql://***@host/db")]
    [InlineData("Host=a;Username=u;Password=secret;Port=1", "Host=a;Username=u;Password=***;Port=1")]
    [InlineData("Host=a;pwd = 'se;cret' ;Port=1", "Host=a;pwd = *** ;Port=1")]
    [InlineData("Host=a;Password=\"se;cret\"", "Host=a;Password=***")]
    [InlineData(@"host=a password='it\'s secret' port=1", "host=a password=*** port=1")]
    [InlineData(@"host=a password=se\ cret sslpassword=more port=1", "host=a password=*** sslpassword=*** port=1")]
    [InlineData("postgresql://desk:se/cret@host/db", "postgresql://***@host/db")]
    [InlineData("Unrecognized 'postgresql//desk:secret@host/db'.", "Unrecognized 'postgresql//***@host/db'.")]
    [InlineData("Unrecognized 'desk:secret@host:5432/db'.", "Unrecognized '***@host:5432/db'.")]
    [InlineData(@"C:\of@noone\bars.db at 12:30:00", @"C:\of@noone\bars.db at 12:30:00")]
    [InlineData("Write postgresql://user:password@host:5432/database; or", "Write postgresql://user:password@host:5432/database; or")]
    [InlineData("cannot reach postgresql://user:password@x:secret@host/db", "cannot reach postgresql://***@host/db")]
    [InlineData("cannot reach user:password@x:secret@host/db", "cannot reach ***@host/db")]
    [InlineData("https://api.binance.com/api/v3/klines?symbol=BTCUSDT", "https://api.binance.com/api/v3/klines?symbol=BTCUSDT")]
    public void Passwords_are_hidden_and_the_rest_is_kept(string message, string expected) =>
        Assert.Equal(expected, Redaction.OneLine(message));

    [Fact]
    public void A_message_is_one_line() =>
        Assert.Equal("first second third", Redaction.OneLine("first\r\n  second\nthird\n"));
}
