using Qmtl.Gateway.Wire;

namespace Qmtl.Unit.Gateway;

public sealed class StreamAddressTests
{
    [Theory]
    [InlineData("ws://host:81", "ws://host:81/ws")]
    [InlineData("ws://host/", "ws://host/ws")]
    [InlineData("wss://host/ws/events", "wss://host/ws/events")]
    [InlineData("http://host:8000", "ws://host:8000/ws")]
    [InlineData("https://host", "wss://host/ws")]
    [InlineData("https://host/a?ticket=x%20y#f", "wss://host/a?ticket=x%20y")]
    [InlineData("http://host?ticket=1", "ws://host/ws?ticket=1")]
    [InlineData("HTTPS://host:443/a", "wss://host/a")]
    [InlineData("http://[::1]:80/a", "ws://[::1]/a")]
    public void Http_becomes_ws_and_an_address_without_a_path_gets_one(string given, string expected)
    {
        Assert.Equal(expected, StreamAddress.Read("stream_url", given).AbsoluteUri);
    }

    [Theory]
    [InlineData("/ws?token=secret")]
    [InlineData("host:81/secret")]
    [InlineData("ftp://host/secret")]
    [InlineData("ws:///secret")]
    [InlineData("")]
    public void Anything_else_is_refused_without_being_repeated(string given)
    {
        string message = Assert.Throws<FormatException>(() => StreamAddress.Read("stream_url", given)).Message;

        Assert.Contains("'stream_url'", message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Only_the_server_is_shown()
    {
        Assert.Equal("wss://host:443", StreamAddress.Display(new Uri("wss://user:pw@host/secret?token=secret")));
    }
}
