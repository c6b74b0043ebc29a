namespace Qmtl.Simulation.Profiles;

/// <summary>
/// How the exchanges behave whose profiles come with the library, by their documentation, by recorded answers and by what others saw. Where
/// that is not known for sure, it is what is harder for a client.
/// </summary>
internal static class KnownManners
{
    private static readonly Dictionary<string, Manners> Known = new(StringComparer.Ordinal)
    {
        ["binance"] = Binance(),
        ["binance-usdm"] = Binance() with { MostRows = 1500 },
        ["binance-coinm"] = Binance() with { MostRows = 1500, KeepsNewest = true },
        ["bybit"] = Bybit("spot"),
        ["bybit-linear"] = Bybit("linear"),
        ["bybit-inverse"] = Bybit("inverse"),
        ["okx"] = Okx(),
        ["okx-swap"] = Okx(),
        ["coinbase-exchange"] = new()
        {
            Bounds = Times("iso", ("start", BoundKind.From), ("end", BoundKind.To)),
            IsDescending = true,
            MostRows = 300,
            RefusesLongRanges = true,
            HasAmountsAsText = false,
            FieldsOfRow = 6,
            UnknownSymbol = new(404, """{"message":"NotFound"}"""),
            UnknownInterval = new(400, """{"message":"Unsupported granularity"}"""),
            RateLimited = new(429, """{"message":"Public rate limit exceeded"}"""),
        },
        ["coinbase-advanced"] = new()
        {
            Bounds = Times("s", ("start", BoundKind.From), ("end", BoundKind.To)),
            IsDescending = true,
            MostRows = 349,
            RefusesLongRanges = true,
            HasTimesAsText = true,
            Envelope = """{"candles":$rows}""",
            UnknownSymbol = new(404, """{"error":"NOT_FOUND","error_details":"valid product_id is required","message":""}"""),
            UnknownInterval = new(
                400, """{"error":"INVALID_ARGUMENT","error_details":"number of candles requested should be less than 350"}"""),
            RateLimited = new(429, """{"error":"","error_details":"Too many requests","message":"Too many requests"}"""),
        },
        ["kraken"] = new()
        {
            Bounds = Times("s", ("since", BoundKind.After)),
            KeepsNewest = true,
            MostRows = 720,
            ReachInBars = 720,
            FillsQuietBars = true,
            FieldsOfRow = 8,
            Envelope = """{"error":[],"result":{"X$symbol":$rows,"last":1704067200}}""",
            UnknownSymbol = new(200, """{"error":["EQuery:Unknown asset pair"]}"""),
            UnknownInterval = new(200, """{"error":["EGeneral:Invalid arguments"]}"""),
            RateLimited = new(200, """{"error":["EGeneral:Too many requests"]}"""),
        },
        ["kucoin"] = Kucoin() with
        {
            Bounds = Times("s", ("startAt", BoundKind.From), ("endAt", BoundKind.To)),
            IsDescending = true,
            KeepsNewest = true,
            MostRows = 1500,
            HasTimesAsText = true,
            FieldsOfRow = 7,
        },
        ["kucoin-futures"] = Kucoin() with
        {
            Bounds = Times("ms", ("from", BoundKind.From), ("to", BoundKind.To)),
            MostRows = 200,
            HasAmountsAsText = false,
            FieldsOfRow = 6,
        },
        ["gate"] = Gate() with
        {
            MostRows = 1000,
            HasTimesAsText = true,
            FieldsOfRow = 8,
            ReachInBars = 10_000,
            UnknownSymbol = new(400, """{"label":"INVALID_CURRENCY_PAIR","message":"Invalid currency pair X_Y"}"""),
        },
        ["gate-futures"] = Gate() with
        {
            MostRows = 2000,
            UnknownSymbol = new(400, """{"label":"CONTRACT_NOT_FOUND","message":"contract not found"}"""),
        },
        ["bitget"] = Bitget() with { FillsQuietBars = true },
        ["bitget-usdt-futures"] = Bitget(),
        ["bitfinex"] = new()
        {
            Bounds = Times("ms", ("start", BoundKind.From), ("end", BoundKind.To)),
            MostRows = 10_000,
            HasAmountsAsText = false,
            FieldsOfRow = 6,
            UnknownSymbol = new(500, """["error",10020,"symbol: invalid"]"""),
            UnknownInterval = new(500, """["error",10020,"time_interval: invalid"]"""),
            RateLimited = new(429, """["error",11010,"ratelimit: error"]"""),
        },
        ["bitstamp"] = new()
        {
            Bounds = Times("s", ("start", BoundKind.From), ("end", BoundKind.To)),
            KeepsNewest = true,
            MostRows = 1000,
            FillsQuietBars = true,
            HasTimesAsText = true,
        },
        ["htx"] = Htx() with
        {
            KeepsNewest = true,
            MostRows = 2000,
            FillsQuietBars = true,
            UnknownSymbol = new(200, """{"status":"error","err-code":"invalid-parameter","err-msg":"invalid symbol","data":null}"""),
            UnknownInterval = new(200, """{"status":"error","err-code":"invalid-parameter","err-msg":"invalid period","data":null}"""),
            RateLimited = new(200, """{"status":"error","err-code":"api-request-limit","err-msg":"request limit exceeded","data":null}"""),
        },
        ["htx-linear-swap"] = Htx() with
        {
            MostRows = 2000,
            UnknownSymbol = new(200, """{"status":"error","err_code":1013,"err_msg":"This contract doesnt exist.","ts":1704067200000}"""),
        },
        ["mexc"] = new()
        {
            Bounds = Times("ms", ("startTime", BoundKind.From), ("endTime", BoundKind.Before)),
            MostRows = 500,
            FieldsOfRow = 8,
            UnknownSymbol = new(400, """{"code":-1121,"msg":"Invalid symbol."}"""),
            UnknownInterval = new(400, """{"code":-1120,"msg":"Invalid interval."}"""),
        },
        ["mexc-contract"] = new()
        {
            Bounds = Times("s", ("start", BoundKind.From), ("end", BoundKind.To)),
            MostRows = 2000,
            HasAmountsAsText = false,
            Envelope = """{"success":true,"code":0,"data":$rows}""",
            UnknownSymbol = new(200, """{"success":false,"code":1001,"message":"Contract does not exist!"}"""),
            RateLimited = new(200, """{"success":false,"code":510,"message":"Requests are too frequent, please try again later!"}"""),
        },
        ["gemini"] = new()
        {
            IsDescending = true,
            KeepsNewest = true,
            MostRows = 1440,
            ReachInBars = 1440,
            FillsQuietBars = true,
            HasAmountsAsText = false,
            FieldsOfRow = 6,
        },
        ["deribit"] = new()
        {
            Bounds = Times("ms", ("start_timestamp", BoundKind.From), ("end_timestamp", BoundKind.To)),
            MostRows = 5000,
            FillsQuietBars = true,
            HasAmountsAsText = false,
        },
        ["hyperliquid"] = new()
        {
            Bounds = Times("ms", ("startTime", BoundKind.Holding), ("endTime", BoundKind.To)),
            KeepsNewest = true,
            MostRows = 5000,
            ReachInBars = 5000,
            HasTimesAsText = true,
            HasCountsAsText = true,
            UnknownSymbol = new(500, "null"),
            UnknownInterval = new(422, "Failed to deserialize the JSON body into the target type"),
            RateLimited = new(429, "null"),
        },
        ["cryptocom"] = new()
        {
            Bounds = Times("ms", ("start_ts", BoundKind.From), ("end_ts", BoundKind.To)),
            MostRows = 300,
            Envelope = """{"id":-1,"method":"public/get-candlestick","code":0,"result":{"data":$rows,"instrument_name":"$symbol"}}""",
            RateLimited = new(429, """{"id":-1,"code":42901,"message":"RATE_LIMIT"}"""),
        },
        ["alpaca"] = Alpaca() with
        {
            Envelope = """{"bars":{"$symbol":$rows},"next_page_token":$token}""",
            EmptyAnswer = """{"bars":{},"next_page_token":null}""",
        },
        ["alpaca-stocks"] = Alpaca() with
        {
            Envelope = """{"bars":$rows,"symbol":"$symbol","next_page_token":$token}""",
            EmptyAnswer = """{"bars":null,"symbol":"$symbol","next_page_token":null}""",
        },
    };

    /// <summary>The manners of an exchange; those of its profile alone where it is none of the library's.</summary>
    public static Manners Of(string name) => Known.GetValueOrDefault(name) ?? new Manners();

    private static Dictionary<string, Bound> Times(string unit, params (string Name, BoundKind Kind)[] bounds) =>
        bounds.ToDictionary(bound => bound.Name, bound => new Bound(bound.Kind, unit));

    private static Manners Binance() => new()
    {
        Bounds = Times("ms", ("startTime", BoundKind.From), ("endTime", BoundKind.To)),
        MostRows = 1000,
        FillsQuietBars = true,
        FieldsOfRow = 12,
        UnknownSymbol = new(400, """{"code":-1121,"msg":"Invalid symbol."}"""),
        UnknownInterval = new(400, """{"code":-1120,"msg":"Invalid interval."}"""),
        RateLimited = new(429, """{"code":-1003,"msg":"Too much request weight used."}"""),
        TellsRetryAfter = true,
    };

    private static Manners Bybit(string category) => new()
    {
        Bounds = Times("ms", ("start", BoundKind.From), ("end", BoundKind.To)),
        IsDescending = true,
        MostRows = 1000,
        FillsQuietBars = true,
        HasTimesAsText = true,
        FieldsOfRow = 7,
        Envelope = $$$"""
            {"retCode":0,"retMsg":"OK","result":{"symbol":"$symbol","category":"{{{category}}}","list":$rows},"retExtInfo":{},"time":1}
            """,
        UnknownSymbol = new(200, """{"retCode":10001,"retMsg":"Not supported symbols","result":{},"retExtInfo":{},"time":1704067200000}"""),
        UnknownInterval = new(200, """{"retCode":10001,"retMsg":"Invalid period!","result":{},"retExtInfo":{},"time":1704067200000}"""),
        RateLimited = new(200, """{"retCode":10006,"retMsg":"Too many visits!","result":{},"retExtInfo":{},"time":1704067200000}"""),
    };

    private static Manners Okx() => new()
    {
        Bounds = Times("ms", ("before", BoundKind.After), ("after", BoundKind.Before)),
        IsDescending = true,
        KeepsNewest = true,
        MostRows = 300,
        FillsQuietBars = true,
        HasTimesAsText = true,
        FieldsOfRow = 9,
        Envelope = """{"code":"0","msg":"","data":$rows}""",
        UnknownSymbol = new(200, """{"code":"51001","data":[],"msg":"Instrument ID doesn't exist."}"""),
        UnknownInterval = new(200, """{"code":"51000","data":[],"msg":"Parameter bar error"}"""),
        RateLimited = new(429, """{"code":"50011","data":[],"msg":"Too Many Requests"}"""),
    };

    private static Manners Kucoin() => new()
    {
        Envelope = """{"code":"200000","data":$rows}""",
        UnknownSymbol = new(200, """{"code":"400100","msg":"Unsupported trading pair."}"""),
        UnknownInterval = new(200, """{"code":"400100","msg":"Incorrect candlestick type."}"""),
        RateLimited = new(429, """{"code":"429000","msg":"Too Many Requests"}"""),
    };

    private static Manners Gate() => new()
    {
        Bounds = Times("s", ("from", BoundKind.From), ("to", BoundKind.To)),
        UnknownInterval = new(400, """{"label":"INVALID_PARAM_VALUE","message":"Invalid interval"}"""),
        RateLimited = new(429, """{"label":"TOO_MANY_REQUESTS","message":"Request Rate Limit Exceeded"}"""),
    };

    private static Manners Bitget() => new()
    {
        Bounds = Times("ms", ("startTime", BoundKind.From), ("endTime", BoundKind.Before)),
        KeepsNewest = true,
        HasTimesAsText = true,
        FieldsOfRow = 7,
        Envelope = """{"code":"00000","msg":"success","requestTime":1704067200000,"data":$rows}""",
        UnknownSymbol = new(400, """{"code":"40034","msg":"Parameter does not exist","requestTime":1704067200000,"data":null}"""),
        UnknownInterval = new(400, """{"code":"400171","msg":"Parameter verification failed","requestTime":1704067200000,"data":null}"""),
        RateLimited = new(429, """{"code":"429","msg":"Too Many Requests"}"""),
    };

    private static Manners Htx() => new()
    {
        IsDescending = true,
        Bounds = Times("s", ("from", BoundKind.From), ("to", BoundKind.To)),
        HasAmountsAsText = false,
        Envelope = """{"ch":"market.$symbol.kline","status":"ok","ts":1704067200000,"data":$rows}""",
    };

    private static Manners Alpaca() => new()
    {
        Bounds = Times("iso", ("start", BoundKind.From), ("end", BoundKind.To)),
        MostRows = 10_000,
        HasAmountsAsText = false,
        HasTimesAsText = true,
        UnknownSymbol = new(400, """{"message":"code=400, message=Invalid symbol(s): $symbol does not match ^[A-Z]+/[A-Z]+$"}"""),
        UnknownInterval = new(400, """{"message":"invalid timeframe"}"""),
        RateLimited = new(429, """{"code":42910000,"message":"rate limit exceeded"}"""),
    };
}
