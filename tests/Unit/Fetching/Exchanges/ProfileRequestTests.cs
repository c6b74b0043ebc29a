using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;
using Qmtl.Fetching;
using Qmtl.Fetching.Exchanges;
using Qmtl.Time;
using Qmtl.Unit.Fetching.Http;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.Fetching.Exchanges;

/// <summary>What the shipped profiles ask for, beside what ccxt 4.5.84 asks for the same bars.</summary>
public sealed class ProfileRequestTests
{
    // ccxt's requests were computed with its clock at this time.
    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1_704_153_600);

    // Everything in which the requests differ on purpose. That ours have both ends, and room for a row beside them, needs no entry.
    private static readonly Dictionary<string, string> Differences = new()
    {
        ["htx-linear-swap host"] = "api.hbdm.com is the documented host; api.hbdm.vn is ccxt's, and one of the profile's hosts",
        ["htx-linear-swap size"] = "with a size the exchange does not look at from and to",
        ["htx 1d"] = "its days open at 16:00 UTC: 1d@16:00",
        ["htx-linear-swap 1d"] = "its days are not known to open at midnight UTC",
        ["alpaca 1d"] = "its days open at midnight in New York, in summer and in winter at another hour of UTC",
        ["alpaca timeframe"] = "documented is 1Min; ccxt writes 1min",
        ["alpaca sort"] = "ascending rows, whatever becomes of the default",
    };

    private static readonly HashSet<string> Limits = ["limit", "size", "count"];

    public static TheoryData<string, int> Computed()
    {
        var data = new TheoryData<string, int>();
        string? folder = SharedData.ExchangesFolder;
        IEnumerable<string> files = folder is null ? [] : Directory.GetFiles(Path.Combine(folder, "recorded"), "*.json").Order();
        foreach (string file in files)
        {
            using JsonDocument recorded = JsonDocument.Parse(File.ReadAllBytes(file));
            int index = -1;
            foreach (JsonElement request in recorded.RootElement.GetProperty("requests").EnumerateArray())
            {
                index++;
                if (Path.GetFileName(file) != "bitmex.json" && request.GetProperty("origin").GetString() == "computed"
                    && request.GetProperty("description").GetString() is "start and limit" or "1d start and limit")
                {
                    data.Add(Path.GetFileNameWithoutExtension(file), index);
                }
            }
        }

        return data;
    }

    [ExchangesTheory]
    [MemberData(nameof(Computed))]
    public async Task A_profile_asks_what_an_independent_client_asks_but_where_it_differs_on_purpose(string exchange, int index)
    {
        string file = Path.Combine(SharedData.ExchangesFolder!, "recorded", exchange + ".json");
        using JsonDocument recorded = JsonDocument.Parse(File.ReadAllBytes(file));
        JsonElement computed = recorded.RootElement.GetProperty("requests")[index];
        var theirs = new Uri(computed.GetProperty("url").GetString()!);
        ExchangeProfile profile = ExchangeCatalog.Get(
            exchange == "bybit" && theirs.Query.Contains("category=linear", StringComparison.Ordinal) ? "bybit-linear" : exchange);
        var interval = BarInterval.Parse(computed.GetProperty("input")[1].GetString()!);
        if (!profile.Intervals.Contains(interval))
        {
            Assert.Contains($"{profile.Name} {interval}", Differences.Keys);
            return;
        }

        long start = computed.GetProperty("input")[2].GetInt64() / 1000;
        var range = new TimeRange(start, interval.Add(start, 4));
        string symbol = exchange == "kraken" ? "XXBTZUSD" : profile.SymbolExample;
        await using var server = new RawServer(RawServer.Whole("418 X", string.Empty));
        FakeTimeProvider clock = profile.ReachInBars is null ? new(Now) : ProfileText.ClockAfter(interval, range.End);
        await Assert.ThrowsAsync<SourceException>(
            () => profile.CreateFetcher(new() { BaseUri = server.BaseUri }, clock).FetchAsync(new(symbol, interval), range, default));

        string[] line = Assert.Single(server.Requests).Split("\r\n")[0].Split(' ');
        var ours = new Uri(profile.BaseUri, line[1]);
        Assert.Equal(computed.GetProperty("method").GetString(), line[0]);
        Assert.Equal(theirs.AbsolutePath, ours.AbsolutePath);
        Assert.True(ours.Host == theirs.Host || Differences.ContainsKey($"{profile.Name} host"), ours.Host);
        string? body = computed.TryGetProperty("body", out JsonElement json) ? json.GetString() : null;
        Dictionary<string, string> asked = Parameters(ours, body is null ? null : server.Requests.Single().Split("\r\n\r\n")[1]);
        Dictionary<string, string> expected = Parameters(theirs, body);
        foreach (string name in asked.Keys.Union(expected.Keys).Where(name => !Differences.ContainsKey($"{profile.Name} {name}")))
        {
            string? value = asked.GetValueOrDefault(name);
            Assert.True(value is not null, $"{profile.Name} does not ask {name}={expected.GetValueOrDefault(name)}");
            if (SecondsOf(value) is { } time)
            {
                bool isStart = time <= range.Start;
                Assert.InRange(time, (isStart ? range.Start : range.End) - (2 * interval.Seconds), range.End + (3 * interval.Seconds));
            }
            else if (Limits.Contains(name))
            {
                Assert.InRange(int.Parse(value, CultureInfo.InvariantCulture), 5, profile.BarsPerRequest + 2);
            }
            else
            {
                Assert.Equal(expected.GetValueOrDefault(name), value);
            }
        }
    }

    [Theory]
    [InlineData("kraken", "GET /0/public/OHLC?pair=XBTUSD&interval=1&since=1704067080 HTTP/1.1")]
    [InlineData(
        "coinbase-exchange",
        "GET /products/BTC-USD/candles?granularity=60&start=2023-12-31T23%3A59%3A00Z&end=2024-01-01T00%3A05%3A00Z HTTP/1.1")]
    [InlineData("bitfinex", "GET /v2/candles/trade:1m:tBTCUSD/hist?start=1704067140000&end=1704067559999&limit=10000&sort=1 HTTP/1.1")]
    [InlineData("gate", "GET /api/v4/spot/candlesticks?currency_pair=BTC_USDT&interval=1m&from=1704067140&to=1704067559 HTTP/1.1")]
    [InlineData(
        "gate-futures",
        "GET /api/v4/futures/usdt/candlesticks?contract=BTC_USDT&interval=1m&from=1704067140&to=1704067559 HTTP/1.1")]
    [InlineData("gemini", "GET /v2/candles/btcusd/1m HTTP/1.1")]
    [InlineData("bitstamp", "GET /api/v2/ohlc/btcusd/?step=60&start=1704067140&end=1704067559&limit=8 HTTP/1.1")]
    [InlineData(
        "deribit",
        "GET /api/v2/public/get_tradingview_chart_data?instrument_name=BTC-PERPETUAL"
        + "&resolution=1&start_timestamp=1704067140000&end_timestamp=1704067559999 HTTP/1.1")]
    [InlineData(
        "alpaca-stocks",
        "GET /v2/stocks/AAPL/bars?timeframe=1Min&start=2023-12-31T23%3A59%3A00Z"
        + "&end=2024-01-01T00%3A05%3A59Z&limit=10000&sort=asc&adjustment=raw&feed=iex HTTP/1.1")]
    [InlineData(
        "binance",
        "GET /api/v3/klines?symbol=BTCUSDT&interval=1m&startTime=1704067200000&endTime=1704067499999&limit=1000 HTTP/1.1")]
    public async Task A_request_is_this(string exchange, string expected)
    {
        // Five bars from midnight on; where only rows prove anything, and there is room, one more at either end.
        Assert.Equal(expected, (await RequestAsync(ExchangeCatalog.Get(exchange))).Split("\r\n")[0]);
    }

    [Fact]
    public async Task A_key_stands_in_the_headers_and_a_body_is_JSON_with_numbers()
    {
        string stocks = await RequestAsync(ExchangeCatalog.Get("alpaca-stocks"));
        string snapshot = await RequestAsync(ExchangeCatalog.Get("hyperliquid"));

        Assert.Contains("\r\nAPCA-API-KEY-ID: me\r\nAPCA-API-SECRET-KEY: s3cret\r\n", stocks, StringComparison.Ordinal);
        Assert.StartsWith("POST /info HTTP/1.1\r\n", snapshot, StringComparison.Ordinal);
        Assert.Contains("\r\nContent-Type: application/json\r\n", snapshot, StringComparison.Ordinal);
        Assert.EndsWith(
            """{"type":"candleSnapshot","req":{"coin":"BTC","interval":"1m","startTime":1704067140000,"endTime":1704067559999}}""",
            snapshot, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("401 Unauthorized", """{"msg":"key {0} is not known"}""")]
    [InlineData("400 Bad Request", """{"msg":"no such header: {1}"}""")]
    [InlineData("429 Too Many Requests", "<html>{0}</html>")]
    [InlineData("200 OK", "<p>Welcome back, {0}</p>")]
    [InlineData("206 Partial Content", "{0}")]
    public async Task A_key_that_an_answer_repeats_is_not_told(string status, string body)
    {
        const string key = "k3y/of+müch=", slash = "k3y\\/of\\u002Bm\\u00FCch=";
        string answer = body.Replace("{0}", key, StringComparison.Ordinal).Replace("{1}", slash, StringComparison.Ordinal);
        await using var server = new RawServer(RawServer.Whole(status, answer));
        var profile = ProfileText.Read(ProfileText.With(p =>
        {
            p["routes"]![0]!["query"]!["key"] = "{secret:QMTL_TEST_KEY}";
            p["routes"]![0]!["query"]!["user"] = "{secret:QMTL_TEST_USER}";
            p["credential"] = new JsonObject { ["user"] = "QMTL_TEST_USER", ["password"] = "QMTL_TEST_KEY" };
        }));
        var fetcher = profile.CreateFetcher(new() { BaseUri = server.BaseUri, Credential = new NetworkCredential("me", key) });

        var error = await Assert.ThrowsAsync<SourceException>(() => fetcher.FetchAsync(
            new("BTC-USD", BarInterval.Parse("1m")), new TimeRange(ProfileText.Start, ProfileText.Start), default));

        Assert.Contains("**", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("k3y", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_that_no_header_can_hold_is_named_and_not_told()
    {
        await using var server = new RawServer(RawServer.Whole("200 OK", "[]"));
        var fetcher = ExchangeCatalog.Get("alpaca-stocks")
            .CreateFetcher(new() { BaseUri = server.BaseUri, Credential = new NetworkCredential("me", "schlüssel") });

        var error = await Assert.ThrowsAsync<SourceException>(() => fetcher.FetchAsync(
            new("AAPL", BarInterval.Parse("1m")), new TimeRange(ProfileText.Start, ProfileText.Start), default));

        Assert.EndsWith("Correct APCA_API_SECRET_KEY, in the environment or the credential.", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("schl", error.Message, StringComparison.Ordinal);
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task Without_its_key_an_exchange_is_not_asked()
    {
        await using var server = new RawServer(RawServer.Whole("200 OK", "[]"));
        var fetcher = ExchangeCatalog.Get("alpaca-stocks")
            .CreateFetcher(new() { BaseUri = server.BaseUri, Credential = new NetworkCredential("me", string.Empty) });

        var error = await Assert.ThrowsAsync<SourceException>(() => fetcher.FetchAsync(
            new("AAPL", BarInterval.Parse("1m")), new TimeRange(ProfileText.Start, ProfileText.Start), default));

        Assert.Contains("APCA_API_SECRET_KEY", error.Message, StringComparison.Ordinal);
        Assert.Empty(server.Requests);
    }

    private static async Task<string> RequestAsync(ExchangeProfile profile)
    {
        var minute = BarInterval.Parse("1m");
        var range = new TimeRange(ProfileText.Start, ProfileText.Start + 240);
        await using var server = new RawServer(RawServer.Whole("418 X", string.Empty));
        var credential = profile.Secrets.Count > 0 ? new NetworkCredential("me", "s3cret") : null;
        var fetcher = profile.CreateFetcher(
            new() { BaseUri = server.BaseUri, Credential = credential }, ProfileText.ClockAfter(minute, range.End));
        Task Fetch() => fetcher.FetchAsync(new(profile.SymbolExample, minute), range, default);
        await Assert.ThrowsAsync<SourceException>(Fetch);
        return Assert.Single(server.Requests);
    }

    private static long? SecondsOf(string value)
    {
        if (value.Length >= 10 && long.TryParse(value, CultureInfo.InvariantCulture, out long number))
        {
            return value.Length > 10 ? (long)Math.Round(number / 1000.0) : number;
        }

        return char.IsAsciiDigit(value[0]) && value.EndsWith('Z')
            ? DateTimeOffset.Parse(value, CultureInfo.InvariantCulture).ToUnixTimeSeconds()
            : null;
    }

    private static Dictionary<string, string> Parameters(Uri address, string? body)
    {
        Dictionary<string, string> parameters = address.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries)
            .Select(static pair => pair.Split('=', 2))
            .ToDictionary(static pair => Uri.UnescapeDataString(pair[0]), static pair => Uri.UnescapeDataString(pair[1]));
        if (body is not null)
        {
            using JsonDocument json = JsonDocument.Parse(body);
            parameters["type"] = json.RootElement.GetProperty("type").GetString()!;
            foreach (JsonProperty member in json.RootElement.GetProperty("req").EnumerateObject())
            {
                parameters[member.Name] = member.Value.ToString();
            }
        }

        return parameters;
    }
}
