using Qmtl.Fetching;
using Qmtl.Fetching.Exchanges;

namespace Qmtl.Unit.Fetching.Exchanges;

/// <summary>The ways in which exchanges say no, as their documentation and people who met them have written down.</summary>
public sealed class ProfileErrorTests
{
    private const string Symbol = "Write the symbol as the exchange lists it";
    private const string Interval = "It has no bars of this interval.";
    private const string Request = "It refuses the request itself";
    private const string Rate = "Too many requests";
    private const string Service = "It is being serviced";
    private const string Fault = "The fault is on its side";

    public static IEnumerable<object[]> Words() => new (string Exchange, int Status, string Body, bool IsTransient, string Means)[]
    {
        ("binance", 400, """{"code":-1121,"msg":"Invalid symbol."}""", false, Symbol),
        ("binance", 400, """{"code":-1120,"msg":"Invalid interval."}""", false, Interval),
        ("binance-usdm", 400, """{"code":-1121,"msg":"Invalid symbol."}""", false, Symbol),
        ("binance-usdm", 418, """{"code":-1003,"msg":"Way too many requests; IP banned until 1704067300000."}""", true, "banned"),
        ("binance-coinm", 400, """{"code":-1120,"msg":"Invalid interval."}""", false, Interval),
        ("binance-coinm", 451, """{"code":0,"msg":"Service unavailable from a restricted location."}""", false, "location that it serves"),
        ("bybit", 200, """{"retCode":10001,"retMsg":"Not supported symbols","result":{},"retExtInfo":{},"time":1}""", false, Symbol),
        ("bybit", 200, """{"retCode":10001,"retMsg":"params error: symbol invalid","result":{}}""", false, Symbol),
        ("bybit", 200, """{"retCode":10001,"retMsg":"Invalid period!","result":{}}""", false, Interval),
        ("bybit", 200, """{"retCode":10006,"retMsg":"Too many visits. Exceeded the API Rate Limit.","result":{}}""", true, Rate),
        ("bybit-linear", 200, """{"retCode":10016,"retMsg":"Server error.","result":{}}""", true, Fault),
        ("bybit-linear", 403, "403, access too frequent", true, "shut out for ten minutes"),
        ("bybit-inverse", 403, "<html>CloudFront: the distribution is configured to block access from your country.</html>", false, "location"),
        ("bybit-inverse", 403, "<html>Forbidden</html>", false, "Use another network"),
        ("bybit", 200, """{"retCode":99999,"retMsg":"Something new","result":{"list":[]}}""", false, "99999 Something new. " + Request),
        ("okx", 429, """{"code":"50011","msg":"Too Many Requests","data":[]}""", true, Rate),
        ("okx", 200, """{"code":"50011","msg":"Too Many Requests","data":[]}""", true, Rate),
        ("okx", 200, """{"code":"51001","msg":"Instrument ID doesn't exist.","data":[]}""", false, Symbol),
        ("okx-swap", 400, """{"code":"51000","msg":"Parameter bar error","data":[]}""", false, Interval),
        ("okx-swap", 503, """{"code":"50001","msg":"Service temporarily unavailable. Please try again later.","data":[]}""", true, Service),
        ("coinbase-exchange", 404, """{"message":"NotFound"}""", false, Symbol),
        ("coinbase-exchange", 400, """{"message":"Unsupported granularity"}""", false, Interval),
        ("coinbase-exchange", 400,
            """{"message":"granularity too small for the requested time range. Count of aggregations requested exceeds 300"}""",
            false, Request),
        ("coinbase-exchange", 429, """{"message":"Public rate limit exceeded"}""", true, Rate),
        ("coinbase-advanced", 400,
            """{"error":"INVALID_ARGUMENT","error_details":"number of candles requested should be less than 350 ","message":"number of candles"}""",
            false, Request),
        ("coinbase-advanced", 404,
            """{"error":"NOT_FOUND","error_details":"valid product_id is required","message":"valid product_id is required"}""",
            false, Symbol),
        ("kraken", 200, """{"error":["EQuery:Unknown asset pair"]}""", false, Symbol),
        ("kraken", 200, """{"error":["EQuery:Invalid asset pair"]}""", false, Symbol),
        ("kraken", 200, """{"error":["EGeneral:Too many requests"]}""", true, Rate),
        ("kraken", 200, """{"error":["EAPI:Rate limit exceeded"],"result":{"XXBTZUSD":[]}}""", true, Rate),
        ("kraken", 200, """{"error":["EGeneral:Invalid arguments:interval"]}""", false, Interval),
        ("kraken", 200, """{"error":["EGeneral:Invalid arguments"]}""", false, Request),
        ("kraken", 200, """{"error":["EService:Unavailable"]}""", true, Service),
        ("kucoin", 200, """{"code":"429000","msg":"Too many requests in a short period of time"}""", true, Rate),
        ("kucoin", 400, """{"code":"400100","msg":"Unsupported trading pair."}""", false, Symbol),
        ("kucoin", 400, """{"code":"400100","msg":"Incorrect candlestick type"}""", false, Interval),
        ("kucoin-futures", 200, """{"code":"400100","msg":"granularity invalid"}""", false, Interval),
        ("kucoin-futures", 200, """{"code":"400100","msg":"something"}""", false, Request),
        ("gate", 400, """{"label":"INVALID_CURRENCY_PAIR","message":"Invalid currency pair BTC_NO"}""", false, Symbol),
        ("gate", 400,
            """{"label":"INVALID_PARAM_VALUE","message":"Candlestick too long ago. Maximum 10000 points ago are allowed"}""",
            false, "what is older than 10,000 bars"),
        ("gate", 429, """{"label":"TOO_MANY_REQUESTS","message":"Request Rate limit Exceeded (311)"}""", true, Rate),
        ("gate-futures", 400, """{"label":"CONTRACT_NOT_FOUND"}""", false, Symbol),
        ("gate-futures", 400, """{"label":"INVALID_PARAM_VALUE","message":"invalid interval"}""", false, Interval),
        ("bitget", 400, """{"code":"40034","msg":"Parameter does not exist","data":null}""", false, Symbol),
        ("bitget", 400,
            """{"code":"400171","msg":"Parameter verification failed, granularity [1min,3min]","data":null}""", false, Interval),
        ("bitget-usdt-futures", 429, """{"code":"429","msg":"Too Many Requests","data":null}""", true, Rate),
        ("bitfinex", 500, """["error",10020,"symbol: invalid"]""", false, Symbol),
        ("bitfinex", 500, """["error",10020,"time_interval: invalid"]""", false, Interval),
        ("bitfinex", 500, """["error",10020,"limit: invalid"]""", false, Request),
        ("bitfinex", 200, """["error",11010,"ratelimit: error"]""", true, "30 requests a minute"),
        ("bitfinex", 503, """["error",20060,"maintenance"]""", true, Service),
        ("bitfinex", 502, "<html>Bad gateway</html>", true, Fault),
        ("bitstamp", 404, """{"status":"error","reason":"Invalid currency pair","code":"404.001"}""", false, Symbol),
        ("bitstamp", 400, """{"code":400,"errors":[{"field":"step","message":"Invalid step","code":"invalid"}]}""", false, Interval),
        ("htx", 200, """{"ts":1,"status":"error","err-code":"invalid-parameter","err-msg":"invalid symbol"}""", false, Symbol),
        ("htx", 200, """{"ts":1,"status":"error","err-code":"invalid-parameter","err-msg":"invalid period"}""", false, Interval),
        ("htx", 200,
            """{"ts":1,"status":"error","err-code":"invalid-parameter","err-msg":"invalid size, valid range: [1,2000]"}""", false, Request),
        ("htx", 200, """{"ts":1,"status":"error","err-code":"api-limit","err-msg":"request limit exceeded"}""", true, Rate),
        ("htx-linear-swap", 200,
            """{"status":"error","err_code":1013,"err_msg":"This contract symbol doesnt exist.","ts":1}""", false, Symbol),
        ("mexc", 400, """{"code":-1121,"msg":"Invalid symbol."}""", false, Symbol),
        ("mexc", 400, """{"code":-1121,"msg":"Invalid interval."}""", false, Interval),
        ("mexc", 200, """{"code":10007,"msg":"bad symbol"}""", false, Symbol),
        ("mexc-contract", 200, """{"success":false,"code":1001,"message":"Contract does not exist"}""", false, Symbol),
        ("mexc-contract", 200, """{"success":false,"code":510,"message":"Requests are too frequent"}""", true, Rate),
        ("mexc-contract", 403, "<html>Access Denied</html>", false, "https://contract.mexc.com"),
        ("gemini", 400, """{"result":"error","reason":"InvalidSymbol","message":"Symbol not found"}""", false, Symbol),
        ("gemini", 429, """{"result":"error","reason":"RateLimit","message":"Requests were made too frequently."}""", true, Rate),
        ("gemini", 503, """{"result":"error","reason":"Maintenance","message":"The system is down for maintenance"}""", true, Service),
        ("deribit", 400,
            """{"jsonrpc":"2.0","error":{"message":"Invalid params","data":{"reason":"wrong format","param":"instrument_name"},"code":-32602}}""",
            false, Symbol),
        ("deribit", 400,
            """{"jsonrpc":"2.0","error":{"message":"Invalid params","data":{"reason":"must be one of","param":"resolution"},"code":-32602}}""",
            false, Interval),
        ("deribit", 400, """{"jsonrpc":"2.0","error":{"message":"too_many_requests","code":10028}}""", true, Rate),
        ("deribit", 200, """{"jsonrpc":"2.0","error":{"message":"not_found","code":13020}}""", false, Symbol),
        ("hyperliquid", 500, "null", false, Symbol),
        ("hyperliquid", 422, "Failed to deserialize the JSON body into the target type", false, Request),
        ("cryptocom", 429, """{"id":-1,"method":"public/get-candlestick","code":42901,"message":"RATE_LIMIT_EXCEEDED"}""", true, Rate),
        ("cryptocom", 400, """{"id":-1,"method":"public/get-candlestick","code":30003,"message":"SYMBOL_NOT_FOUND"}""", false, Symbol),
        ("cryptocom", 400, """{"id":-1,"code":40004,"message":"Invalid instrument_name"}""", false, Symbol),
        ("cryptocom", 400, """{"id":-1,"code":40004,"message":"MISSING_OR_INVALID_ARGUMENT"}""", false, Request),
        ("alpaca", 400, """{"message":"Invalid symbol(s): BTC"}""", false, Symbol),
        ("alpaca", 429, """{"code":42910000,"message":"rate limit exceeded"}""", true, Rate),
        ("alpaca-stocks", 403, """{"code":40110000,"message":"request is not authorized"}""", false, "APCA_API_KEY_ID"),
        ("alpaca-stocks", 401, "{}", false, "APCA_API_KEY_ID"),
    }.Select(static row => new object[] { row.Exchange, row.Status, row.Body, row.IsTransient, row.Means });

    public static TheoryData<string> Exchanges => [.. ExchangeCatalog.Names];

    [Theory]
    [MemberData(nameof(Words))]
    public async Task A_no_is_told_in_one_sentence_with_what_it_means(
        string exchange, int status, string body, bool isTransient, string means)
    {
        SourceException error = await ProfileText.FailAsync(ExchangeCatalog.Get(exchange), status, body);

        Assert.Contains(means, error.Message, StringComparison.Ordinal);
        Assert.Equal((isTransient, status), (error.IsTransient, error.StatusCode));
    }

    [Theory]
    [MemberData(nameof(Exchanges))]
    public async Task What_any_server_says_means_the_same_of_every_exchange(string exchange)
    {
        ExchangeProfile profile = ExchangeCatalog.Get(exchange);
        const string Page = "<html><head><title>Closed</title></head></html>";

        SourceException location = await ProfileText.FailAsync(profile, 451, Page);
        SourceException address = await ProfileText.FailAsync(profile, 403, Page);
        SourceException maintenance = await ProfileText.FailAsync(profile, 503, Page);
        SourceException page = await ProfileText.FailAsync(profile, 200, Page);
        SourceException rate = await ProfileText.FailAsync(profile, 429, Page);
        SourceException half = await ProfileText.FailAsync(profile, 200, "[[1704067200");

        Assert.Equal(
            (false, false, true, true, true, true),
            (location.IsTransient, address.IsTransient, maintenance.IsTransient, page.IsTransient, rate.IsTransient, half.IsTransient));
        Assert.Contains("location", location.Message, StringComparison.Ordinal);
        Assert.Contains("no list of candles", page.Message, StringComparison.Ordinal);
        Assert.Equal(TimeSpan.FromSeconds(10), rate.RetryAfter);
    }

    [Theory]
    [MemberData(nameof(Exchanges))]
    public async Task An_answer_of_another_kind_is_never_taken_for_an_empty_one(string exchange)
    {
        ExchangeProfile profile = ExchangeCatalog.Get(exchange);
        foreach (string body in (string[])
            ["", "null", "{}", "42", "\"ok\"", "true", """{"error":"no"}""", """{"code":12345,"msg":"no"}""", """{"data":[]}"""])
        {
            SourceException error = await ProfileText.FailAsync(profile, 200, body);

            Assert.Equal(200, error.StatusCode);
        }
    }

    [Fact]
    public async Task A_symbol_in_other_letters_is_shown_as_the_exchange_writes_it()
    {
        SourceException error = await ProfileText.FailAsync(ExchangeCatalog.Get("bitstamp"), 404, "{}", "BTCUSD");

        Assert.Contains("in small letters. Did you mean btcusd?", error.Message, StringComparison.Ordinal);
    }
}
