using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.Fetching.Exchanges;
using Qmtl.Telemetry;
using Qmtl.Time;

namespace Qmtl.Unit.Fetching.Http;

/// <summary>The two ends of a connection do not agree on TLS.</summary>
public sealed class HttpTlsTests
{
    [Fact]
    public async Task Https_to_a_port_without_TLS_is_told_in_words()
    {
        await using var server = new RawServer(RawServer.Whole("400 Bad Request", "no"));

        SourceException error = await FailAsync($"https://127.0.0.1:{server.Port}/");

        Assert.Contains("does not speak TLS at this port", error.Message, StringComparison.Ordinal);
        Assert.Contains("Write http in the base URI", error.Message, StringComparison.Ordinal);
        Assert.Equal((false, "network"), (error.IsTransient, RequestStatus.Of(error)));
    }

    [Fact]
    public async Task A_handshake_that_is_broken_off_is_told_with_its_cause_and_may_pass()
    {
        await using var server = new RawServer();

        SourceException error = await FailAsync($"https://127.0.0.1:{server.Port}/");

        Assert.Contains("broke off before TLS was agreed on: Received an unexpected EOF", error.Message, StringComparison.Ordinal);
        Assert.True(error.IsTransient);
    }

    [Fact]
    public async Task Http_to_a_port_with_TLS_is_told_in_words()
    {
        using X509Certificate2 certificate = SelfSigned();
        await using var server = new RawServer((_, _) => Task.CompletedTask, certificate);

        SourceException error = await FailAsync($"http://127.0.0.1:{server.Port}/");

        Assert.Contains("rite https in the base URI", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_closes_at_the_sight_of_http_may_speak_TLS()
    {
        await using var server = new RawServer();

        SourceException error = await FailAsync(server.BaseUri.ToString());

        Assert.Contains("broke off before it answered in HTTP: ", error.Message, StringComparison.Ordinal);
        Assert.EndsWith("If it speaks TLS at this port, write https in the base URI.", error.Message, StringComparison.Ordinal);
        Assert.True(error.IsTransient);
    }

    [Fact]
    public async Task A_TLS_alert_in_answer_to_http_is_known_for_what_it_is()
    {
        await using var server = new RawServer([0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x46, 0x0d, 0x0a]);

        SourceException error = await FailAsync(server.BaseUri.ToString());

        Assert.EndsWith("speaks TLS at this port. Write https in the base URI.", error.Message, StringComparison.Ordinal);
        Assert.False(error.IsTransient);
    }

    [Theory]
    [InlineData("<html><center>The plain HTTP request was sent to HTTPS port</center></html>")]
    [InlineData("Client sent an HTTP request to an HTTPS server.\n")]
    public async Task What_a_TLS_server_says_to_http_is_understood(string page)
    {
        await using var server = new RawServer(RawServer.Whole("400 Bad Request", page));

        SourceException error = await FailAsync(server.BaseUri.ToString());

        Assert.Contains("It speaks TLS at this port. Write https in the base URI.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_that_is_not_accepted_is_told_and_not_asked_for_again()
    {
        using X509Certificate2 certificate = SelfSigned();
        await using var server = new RawServer((_, _) => Task.CompletedTask, certificate);

        SourceException error = await FailAsync(server.BaseUri.ToString());

        Assert.Contains("certificate that is not accepted: The remote certificate is invalid", error.Message, StringComparison.Ordinal);
        Assert.False(error.IsTransient);
    }

    private static X509Certificate2 SelfSigned()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }

    private static Task<SourceException> FailAsync(string baseUri)
    {
        var fetcher = ExchangeCatalog.Get("binance").CreateFetcher(new() { BaseUri = new Uri(baseUri) });
        var stream = new StreamKey("BTCUSDT", BarInterval.Parse("1m"));
        var bar = new TimeRange(1_704_067_200, 1_704_067_200);
        return Assert.ThrowsAsync<SourceException>(() => fetcher.FetchAsync(stream, bar, CancellationToken.None));
    }
}
