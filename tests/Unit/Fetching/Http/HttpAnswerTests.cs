using System.IO.Compression;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.Fetching.Exchanges;
using Qmtl.Fetching.Http;
using Qmtl.Time;
using Qmtl.Unit.Backfill;

namespace Qmtl.Unit.Fetching.Http;

/// <summary>What is taken for an answer, and what never is: nothing is stored or learnt from the latter.</summary>
public sealed class HttpAnswerTests
{
    private const long Start = 1_704_067_200;
    private const string Row = "\"1\",\"2\",\"0.5\",\"1.5\",\"10\",0,\"15\",3,\"5\",\"7.5\",\"0\"]";
    private const string Rows = $"[[1704067200000,{Row},[1704067260000,{Row}]";
    private static readonly StreamKey Bitcoin = new("BTCUSDT", BarInterval.Parse("1m"));
    private static readonly TimeRange Asked = new(Start, Start + 120);

    private readonly FakeTimeProvider _clock = new(DateTimeOffset.FromUnixTimeSeconds(Start + 86_400));
    private readonly InMemoryHistoryStore _store = new();

    public static TheoryData<string, byte[]> CutAnswers => new()
    {
        { "a length that is not reached", [.. RawServer.Head("200 OK", "Content-Length: 100"), .. "[]"u8] },
        { "a length that ends too early", [.. RawServer.Head("200 OK", "Content-Length: 1"), .. "[]"u8] },
        { "a length that ends between rows", [.. RawServer.Head("200 OK", "Content-Length: 65"), .. Encoding.UTF8.GetBytes(Rows)] },
        { "chunks without the last", [.. RawServer.Head("200 OK", "Transfer-Encoding: chunked"), .. "2\r\n[]\r\n"u8] },
        { "a chunk that is cut", [.. RawServer.Head("200 OK", "Transfer-Encoding: chunked"), .. "64\r\n[]"u8] },
        { "a chunk whose length is none", [.. RawServer.Head("200 OK", "Transfer-Encoding: chunked"), .. "x\r\n[]\r\n0\r\n\r\n"u8] },
        { "no length, cut between rows", [.. RawServer.Head("200 OK"), .. Encoding.UTF8.GetBytes(Rows[..65])] },
        { "no length, nothing", RawServer.Head("200 OK") },
        { "cut between rows", RawServer.Whole("200 OK", Rows[..65]) },
        { "a row that is cut", RawServer.Whole("200 OK", Rows[..40]) },
        { "text after the list", RawServer.Whole("200 OK", "[][]") },
        { "packed and cut", Packed(Rows)[..^30] },
        { "packed and damaged", Damaged(Packed(Rows)) },
        { "said to be packed", RawServer.Whole("200 OK", "[]", "Content-Encoding: gzip") },
        { "packed in a way nobody knows", RawServer.Whole("200 OK", "\u0001\u0002", "Content-Encoding: zstd") },
        { "a head that is cut", "HTTP/1.1 200 OK\r\nContent-Le"u8.ToArray() },
        { "a head that is none", "[]"u8.ToArray() },
        { "nothing", [] },
        { "a page", RawServer.Whole("200 OK", "<html><title>Maintenance</title></html>", "Content-Type: text/html") },
        { "null", RawServer.Whole("200 OK", "null") },
        { "an object", RawServer.Whole("200 OK", """{"data":[]}""") },
    };

    [Theory]
    [MemberData(nameof(CutAnswers))]
    public async Task An_answer_that_is_cut_may_pass_and_teaches_nothing(string what, byte[] answer)
    {
        await using var server = new RawServer(answer);

        BackfillResult result = await BackfillAsync(server, maxRetries: 1);

        Assert.True(result.Status == BackfillStatus.Failed, what);
        Assert.True(Assert.IsType<SourceException>(result.Error).IsTransient, result.Error?.Message);
        Assert.Equal((2, 1, 3L), (result.Requests, result.Retries, result.BarsMissing));
        await AssertNothingLearntAsync();
    }

    [Fact]
    public async Task A_packed_answer_that_is_cut_anywhere_is_whole_or_none()
    {
        byte[] whole = Packed(Rows);
        int headLength = whole.AsSpan().IndexOf("\r\n\r\n"u8) + 4;
        for (int cut = 0; cut < whole.Length - headLength; cut += 3)
        {
            byte[] body = whole[headLength..^cut];
            string length = $"Content-Length: {body.Length}";
            await using var server = new RawServer(RawServer.Head("200 OK", "Content-Encoding: gzip", length), body);

            RawBars? bars = null;
            Exception? error = await Record.ExceptionAsync(async () => bars = await FetchAsync(server));

            Assert.True(error is null ? bars!.RowCount == 2 : error is SourceException { IsTransient: true }, $"{cut} bytes cut");
        }
    }

    [Theory]
    [InlineData("201 Created")]
    [InlineData("202 Accepted")]
    [InlineData("203 Non-Authoritative Information")]
    [InlineData("204 No Content")]
    [InlineData("206 Partial Content")]
    [InlineData("226 IM Used")]
    public async Task Only_200_is_an_answer(string status)
    {
        await using var server = new RawServer(RawServer.Whole(status, "[]"));

        BackfillResult result = await BackfillAsync(server);

        Assert.Equal((BackfillStatus.Failed, true), (result.Status, ((SourceException)result.Error!).IsTransient));
        Assert.Contains($"asked for BTCUSDT 1m, answered {status[..3]} (", result.Error.Message, StringComparison.Ordinal);
        Assert.Contains("which is no full answer; only 200 is one", result.Error.Message, StringComparison.Ordinal);
        await AssertNothingLearntAsync();
    }

    [Theory]
    [InlineData("301 Moved Permanently")]
    [InlineData("302 Found")]
    [InlineData("303 See Other")]
    [InlineData("307 Temporary Redirect")]
    [InlineData("308 Permanent Redirect")]
    public async Task A_redirect_is_not_followed_and_both_hosts_are_named(string status)
    {
        await using var other = new RawServer(RawServer.Whole("200 OK", "[]"));
        await using var server = new RawServer(RawServer.Whole(status, "[]", $"Location: {other.BaseUri}secret?token=abc"));

        BackfillResult result = await BackfillAsync(server, maxRetries: 3);

        Assert.Equal((1, 0), (server.RequestCount, other.RequestCount));
        Assert.False(((SourceException)result.Error!).IsTransient);
        Assert.StartsWith(
            $"127.0.0.1:{server.Port}, asked for BTCUSDT 1m, answered {status[..3]} and sends to http://127.0.0.1:{other.Port}. Redirects are",
            result.Error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", result.Error.Message, StringComparison.Ordinal);
        await AssertNothingLearntAsync();
    }

    [Theory]
    [InlineData("Location: /maintenance", "sends to another address of http://127.0.0.1:")]
    [InlineData("Location: https://пример.example/x", "sends to https://xn--e1afmkfd.example.")]
    [InlineData("Location: mailto:x", "sends elsewhere without saying where")]
    [InlineData("Location: http://[", "sends elsewhere without saying where")]
    [InlineData("X-Other: 1", "sends elsewhere without saying where")]
    public async Task A_redirect_of_any_form_is_told(string header, string where)
    {
        await using var server = new RawServer(RawServer.Whole("302 Found", string.Empty, header));

        Assert.Contains(where, (await FailAsync(server)).Message, StringComparison.Ordinal);
        Assert.Equal(1, server.RequestCount);
    }

    [Fact]
    public async Task A_body_that_unpacks_without_end_is_told_by_its_length()
    {
        await using var server = new RawServer(Packed("[]" + new string(' ', 17 * 1024 * 1024)));

        BackfillResult result = await BackfillAsync(server, maxRetries: 3);

        Assert.Contains("answered 200 with a body longer than 16 MiB", result.Error!.Message, StringComparison.Ordinal);
        Assert.Equal(1, server.RequestCount);
        await AssertNothingLearntAsync();
    }

    [Theory]
    [InlineData("200 OK", "with a body longer than 16 MiB")]
    [InlineData("500 Oops", "The fault is on its side")]
    [InlineData("206 Partial Content", "only 200 is one")]
    public async Task A_body_without_end_is_not_read_to_its_end(string status, string expected)
    {
        await using var server = new RawServer(async (stream, token) =>
        {
            await stream.WriteAsync(RawServer.Head(status), token);
            while (true)
            {
                await stream.WriteAsync(Encoding.ASCII.GetBytes(new string('[', 64 * 1024)), token);
            }
        });

        Assert.Contains(expected, (await FailAsync(server)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_mark_of_UTF8_before_the_list_is_no_part_of_it()
    {
        await using var server = new RawServer(RawServer.Whole("200 OK", "\ufeff" + Rows));

        Assert.Equal(2, (await FetchAsync(server)).RowCount);
    }

    [Theory]
    [InlineData("""{"code":-1121,"msg":"Invalid symbol."}""", false, null, "answered 200: -1121 Invalid symbol. Write the symbol as")]
    [InlineData("""{"code":-9999,"msg":"No."}""", false, null, "answered 200: -9999 No. It refuses the request itself")]
    [InlineData(""" {"code":-1008,"msg":"Server is busy"}""", true, null, "-1008 Server is busy. The fault is on its side and may pass.")]
    [InlineData("""{"code":-1003,"msg":"Too many."}""", true, 10, "It wants to be left alone for 10 s, until 2024-01-02T00:00:10Z.")]
    [InlineData("{\"code\":-1,\"msg\":\"\\u001b[31m\\u202e\\nred\"}", false, null, @"answered 200: -1 \u001b[31m\u202e red. It")]
    public async Task A_no_that_comes_with_200_is_a_no(string body, bool transient, int? pause, string expected)
    {
        await using var server = new RawServer(RawServer.Whole("200 OK", body));

        BackfillResult result = await BackfillAsync(server);

        var error = Assert.IsType<SourceException>(result.Error);
        Assert.Equal((transient, 200, pause), (error.IsTransient, error.StatusCode, (int?)error.RetryAfter?.TotalSeconds));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        await AssertNothingLearntAsync();
    }

    [Fact]
    public async Task What_the_exchange_says_is_shown_in_one_line_of_bounded_length()
    {
        await using var server = new RawServer(RawServer.Whole("400 Bad Request", $$"""{"code":-1,"msg":"{{new string('x', 20_000)}}"}"""));

        SourceException error = await FailAsync(server);

        Assert.InRange(error.Message.Length, 300, 500);
    }

    [Theory]
    [InlineData("Date: Mon, 01 Jan 2024 22:59:58 GMT", 1_704_149_998L)]
    [InlineData("Date: yesterday", null)]
    [InlineData("X-Other: 1", null)]
    public async Task The_clock_of_the_exchange_comes_with_the_bars(string header, long? expected)
    {
        await using var server = new RawServer(RawServer.Whole("200 OK", Rows, header));

        RawBars bars = await FetchAsync(server);

        Assert.Equal(expected, bars.AnsweredAt?.ToUnixTimeSeconds());
    }

    private static byte[] Packed(string text)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal, leaveOpen: true))
        {
            gzip.Write(Encoding.UTF8.GetBytes(text));
        }

        return [.. RawServer.Head("200 OK", "Content-Encoding: gzip"), .. packed.ToArray()];
    }

    private static byte[] Damaged(byte[] answer)
    {
        answer[^20] ^= 0xff;
        return answer;
    }

    private HttpFetcher Fetcher(RawServer server) => ExchangeCatalog.Get("binance").CreateFetcher(new() { BaseUri = server.BaseUri }, _clock);

    private Task<RawBars> FetchAsync(RawServer server) => Fetcher(server).FetchAsync(Bitcoin, Asked, CancellationToken.None);

    private Task<SourceException> FailAsync(RawServer server) => Assert.ThrowsAsync<SourceException>(() => FetchAsync(server));

    private async Task<BackfillResult> BackfillAsync(RawServer server, int maxRetries = 0)
    {
        var engine = new BackfillEngine(new BackfillOptions { MaxRetries = maxRetries, RetryDelay = TimeSpan.Zero }, _clock, _ => { });
        var request = new BackfillRequest(_store, Fetcher(server), Bitcoin, [Asked]);
        return Assert.Single(await engine.RunAsync([request], CancellationToken.None).ToListAsync());
    }

    private async Task AssertNothingLearntAsync()
    {
        Assert.Empty(_store.Stored(Bitcoin));
        Assert.True((await _store.GetKnownEmptyAsync(Bitcoin, null)).IsEmpty);
    }
}
