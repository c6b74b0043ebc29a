using System.Globalization;
using Microsoft.Extensions.Time.Testing;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.Fetching.Exchanges;
using Qmtl.Fetching.Http;
using Qmtl.Fetching.Pacing;
using Qmtl.Time;

namespace Qmtl.Unit.Fetching.Http;

/// <summary>How long an exchange that says no is left alone.</summary>
public sealed class HttpPauseTests
{
    private const long Now = 1_704_153_600;
    private static readonly StreamKey Bitcoin = new("BTCUSDT", BarInterval.Parse("1m"));
    private static readonly TimeRange Asked = new(Now - 3600, Now - 3600);

    private static readonly RateLimit Limit = new()
    {
        Weight = 6000,
        Per = TimeSpan.FromMinutes(1),
        ResetHeader = "X-Reset",
        ResetUnit = ResetUnit.EpochSeconds,
    };

    private readonly FakeTimeProvider _clock = new(DateTimeOffset.FromUnixTimeSeconds(Now));

    [Theory]
    [InlineData("418 I'm a teapot", "Way too much request weight used; IP banned until {0}000. Please use WebSocket Streams to avoid bans.")]
    [InlineData("418 I'm a teapot", "Way too many requests; IP(1.2.3.4) banned until {0}000.")]
    [InlineData("418 I'm a teapot", "IP banned until {0}")]
    [InlineData("403 Forbidden", "Way too many requests; IP banned until {0}000.")]
    [InlineData("429 Too Many Requests", "Way too many requests; IP banned until {0}000.")]
    public async Task The_end_of_a_ban_is_taken_from_the_body(string status, string message)
    {
        await using var server = Server(status, message, Now + 200);

        SourceException error = await FailAsync(server);

        Assert.Equal((true, TimeSpan.FromSeconds(200)), (error.IsTransient, error.RetryAfter));
        Assert.Contains("This address is banned for a while", error.Message, StringComparison.Ordinal);
        Assert.EndsWith("It wants to be left alone for 200 s, until 2024-01-02T00:03:20Z.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_ban_that_ends_too_late_to_wait_for_ends_at_once_and_every_further_request_is_not_sent()
    {
        await using var server = Server("418 I'm a teapot", "IP banned until {0}000.", Now + 259_200);

        SourceException first = await FailAsync(server);
        SourceException second = await FailAsync(server);

        Assert.EndsWith(
            "left alone for 259200 s, until 2024-01-05T00:00:00Z. That is longer than one waits here; run again after it.",
            first.Message, StringComparison.Ordinal);
        Assert.Equal(
            $"http://127.0.0.1:{server.Port} asked to be left alone until 2024-01-05T00:00:00Z. Run again after that.", second.Message);
        Assert.Equal((1, true), (server.RequestCount, second.IsUnsent));
    }

    [Theory]
    [InlineData(200)]
    [InlineData(8)]
    public async Task No_request_goes_out_inside_a_ban_and_one_goes_out_after_it(int seconds)
    {
        await using var server = Server("418 I'm a teapot", "IP banned until {0}000.", Now + seconds);
        await AssertHeldAsync(server, seconds);
    }

    [Theory]
    [InlineData(Now + 60, "Retry-After: 100", 100)]
    [InlineData(Now + 200, "Retry-After: 100", 200)]
    [InlineData(Now - 60, "Retry-After: 100", 100)]
    [InlineData(Now - 60, "X-Other: 1", 120)]
    [InlineData(Now - 60, "Date: Mon, 01 Jan 2024 23:58:00 GMT", 60)]
    public async Task Of_head_and_body_the_longer_holds_and_the_exchange_s_clock_counts(long until, string header, int seconds)
    {
        await using var server = Server("418 I'm a teapot", "IP banned until {0}000.", until, header);

        Assert.Equal(TimeSpan.FromSeconds(seconds), (await FailAsync(server)).RetryAfter);
    }

    [Theory]
    [InlineData("429 Too Many Requests", "7", 7)]
    [InlineData("429 Too Many Requests", "1.5", 1.5)]
    [InlineData("429 Too Many Requests", "0", 0)]
    [InlineData("429 Too Many Requests", "Tue, 02 Jan 2024 00:00:42 GMT", 42)]
    [InlineData("429 Too Many Requests", "Tuesday, 02-Jan-24 00:00:42 GMT", 42)]
    [InlineData("429 Too Many Requests", "Mon, 01 Jan 2024 00:00:00 GMT", 0)]
    [InlineData("429 Too Many Requests", "-5", 10)]
    [InlineData("429 Too Many Requests", "soon", 10)]
    [InlineData("429 Too Many Requests", "NaN", 10)]
    [InlineData("429 Too Many Requests", "-Infinity", 10)]
    [InlineData("429 Too Many Requests", "Infinity", 10)]
    [InlineData("429 Too Many Requests", "1e30", 10)]
    [InlineData("429 Too Many Requests", "", 10)]
    [InlineData("418 I'm a teapot", "soon", 120)]
    [InlineData("503 Service Unavailable", "30", 30)]
    public async Task Retry_After_is_read_in_every_form(string status, string value, double seconds)
    {
        await using var server = Server(status, "no", 0, $"Retry-After: {value}");

        Assert.Equal(TimeSpan.FromSeconds(seconds), (await FailAsync(server)).RetryAfter);
    }

    [Theory]
    [InlineData("86400", "left alone for 86400 s, until 2024-01-03T00:00:00Z. That is longer than one waits here")]
    [InlineData("99999999999", "left alone for 99999999999 s, until 5192-")]
    [InlineData("999999999999999999999999999999", "left alone for 922337203686 s. That is longer than one waits here")]
    [InlineData("Fri, 31 Dec 9999 23:59:59 GMT", "until 9999-12-31T23:59:59Z. That is longer than one waits here")]
    public async Task An_absurd_wait_is_told_and_not_waited_for(string value, string expected)
    {
        await using var server = Server("429 Too Many Requests", "no", 0, $"Retry-After: {value}");

        SourceException first = await FailAsync(server);

        Assert.Contains(expected, first.Message, StringComparison.Ordinal);
        Assert.True((await FailAsync(server)).IsUnsent);
    }

    [Theory]
    [InlineData("429 Too Many Requests", "X-Reset: 1704153642", 42)]
    [InlineData("429 Too Many Requests", "X-Reset: 1704153642000", 42)]
    [InlineData("429 Too Many Requests", "X-Reset: 1704153000", 10)]
    [InlineData("429 Too Many Requests", "X-Reset: 9999999999", 10)]
    [InlineData("418 I'm a teapot", "X-Reset: 1704153642", 120)]
    public async Task Without_a_word_of_its_own_a_429_holds_until_the_hosts_window_ends(string status, string header, int seconds)
    {
        await using var server = Server(status, "no", 0, header);

        Assert.Equal(TimeSpan.FromSeconds(seconds), (await FailAsync(server)).RetryAfter);
    }

    [Theory]
    [InlineData("429 Too Many Requests", "Retry-After: 200", 200)]
    [InlineData("429 Too Many Requests", "X-Other: 1", 10)]
    [InlineData("418 I'm a teapot", "X-Other: 1", 120)]
    public async Task A_refusal_whose_body_never_comes_holds_all_the_same(string status, string header, int seconds)
    {
        await using var server = new RawServer(RawServer.Head(status, header, "Content-Length: 100"));
        await AssertHeldAsync(server, seconds);
    }

    // No request goes out before the time, and one goes out at it.
    private async Task AssertHeldAsync(RawServer server, int seconds)
    {
        await FailAsync(server);

        Task<SourceException> next = FailAsync(server);
        _clock.Advance(TimeSpan.FromSeconds(seconds - 1));
        Assert.Equal((false, 1), (next.IsCompleted, server.RequestCount));
        _clock.Advance(TimeSpan.FromSeconds(1));
        await next;

        Assert.Equal(2, server.RequestCount);
    }

    private static RawServer Server(string status, string message, long until, params string[] headers)
    {
        string body = $$"""{"code":-1003,"msg":"{{string.Format(CultureInfo.InvariantCulture, message, until)}}"}""";
        return new RawServer(RawServer.Whole(status, status.StartsWith("503", StringComparison.Ordinal) ? "Sorry." : body, headers));
    }

    private Task<SourceException> FailAsync(RawServer server)
    {
        var options = new HttpFetcherOptions { BaseUri = server.BaseUri, RequestTimeout = TimeSpan.FromDays(1), Limits = [Limit] };
        var fetcher = ExchangeCatalog.Get("binance").CreateFetcher(options, _clock);
        return Assert.ThrowsAsync<SourceException>(() => fetcher.FetchAsync(Bitcoin, Asked, CancellationToken.None));
    }
}
