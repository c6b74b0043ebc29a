using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.Fetching.Exchanges;
using Qmtl.Time;
using Qmtl.Unit.Fetching.Http;

namespace Qmtl.Unit.Fetching.Exchanges;

/// <summary>Answers of every form that a profile can describe, over real connections.</summary>
public sealed class ProfileAnswerTests
{
    private const long Start = ProfileText.Start;
    private static readonly BarInterval Minute = BarInterval.Parse("1m");

    // A row as the small profile has it.
    private static string Row(long time, int price = 1) => $"[{time},{price},{price},{price},{price},{price}]";

    [Fact]
    public async Task Descending_rows_and_rows_beside_the_range_are_put_in_order_and_dropped()
    {
        ValidatedBars bars = await AskAsync(
            ProfileText.Small,
            3,
            $$"""{"code":0,"data":[{{Row(Start + 240, 5)}},{{Row(Start + 120, 3)}},{{Row(Start, 1)}},{{Row(Start - 60, 9)}}]}""");

        Assert.Equal([Start, Start + 120], bars.Frame.Timestamps.ToArray());
        Assert.Equal([1.0, 3.0], bars.Frame.Rows.Select(static row => row["close"]));
        Assert.Equal((0L, true, 1L), (bars.Rejected.Total, bars.Silent.Contains(Start + 60), bars.Silent.BarCount));
    }

    [Fact]
    public async Task Without_trust_an_answer_without_rows_proves_nothing_and_with_it_all()
    {
        const string Nothing = """{"code":0,"data":[]}""";

        Assert.True((await AskAsync(ProfileText.Small, 3, Nothing)).Silent.IsEmpty);
        Assert.Equal(3, (await AskAsync(ProfileText.With(p => p["trusted"] = true), 3, Nothing)).Silent.BarCount);
        Assert.True((await AskAsync(
            ProfileText.With(p => (p["trusted"], p["routes"]![0]!["about"]) = (true, "rows")), 3, Nothing)).Silent.IsEmpty);
    }

    [Fact]
    public async Task A_bar_that_the_exchange_marks_as_forming_is_left_out()
    {
        (RawBars raw, _) = await ProfileText.AskAsync(ExchangeCatalog.Get("okx"), "BTC-USDT", "1m", 3, """
            {"code":"0","msg":"","data":[
              ["1704067320000","3","3","3","3","1","3","3","0"],
              ["1704067260000","2","2","2","2","1","2","2","1"],
              ["1704067200000","1","1","1","1","1","1","1","1"]]}
            """);

        ValidatedBars bars = raw.Validate(Minute, new TimeRange(Start, Start + 120), Start + 120);

        Assert.Equal(Start + 120, raw.FormingFrom);
        Assert.Equal([Start, Start + 60], bars.Frame.Timestamps.ToArray());
        Assert.False(bars.Silent.Contains(Start + 120));
    }

    [Theory]
    [InlineData("true", "true", true)]
    [InlineData("true", "false", false)]
    [InlineData("\"1\"", "1", true)]
    [InlineData("1", "\"1\"", true)]
    [InlineData("1", "null", false)]
    public async Task The_mark_of_a_closed_bar_may_be_a_text_a_number_or_a_truth(string mark, string value, bool isClosed)
    {
        string profile = ProfileText.With(p => p["rows"]!["closed"] = new JsonObject { ["field"] = 6, ["equals"] = JsonNode.Parse(mark) });

        (RawBars raw, _) = await ProfileText.AskAsync(
            ProfileText.Read(profile), "X", "1m", 1, $$"""{"code":0,"data":[[{{Start}},1,1,1,1,1,{{value}}]]}""");

        Assert.Equal(isClosed ? null : Start, raw.FormingFrom);
    }

    [Theory]
    [InlineData("s", "1704067200", 0)]
    [InlineData("s", "\"1704067200\"", 0)]
    [InlineData("s", "1704067200.0", 0)]
    [InlineData("ms", "1704067200001", 1_000_000)]
    [InlineData("us", "\"1704067200000001\"", 1_000)]
    [InlineData("ns", "1704067200000000001", 1)]
    [InlineData("iso", "\"2024-01-01T00:00:00Z\"", 0)]
    [InlineData("iso", "\"2024-01-01T01:00:00.5+01:00\"", 500_000_000)]
    [InlineData("iso", "\"2024-01-01 00:00:00\"", 0)]
    public async Task A_time_is_read_in_its_unit_to_the_nanosecond(string unit, string time, int nanoseconds)
    {
        (RawBars bars, _) = await ProfileText.AskAsync(
            ProfileText.Read(ProfileText.With(p => p["rows"]!["time"]!["unit"] = unit)), "X", "1m", 1,
            $$"""{"code":0,"data":[[{{time}},1,1,1,1,1]]}""");

        Assert.Equal([Start], bars.Timestamps.ToArray());
        Assert.Equal(nanoseconds, bars.Nanoseconds.IsEmpty ? 0 : bars.Nanoseconds.Span[0]);
    }

    [Theory]
    [InlineData("1m", 1_704_067_260, 1_704_067_200)]
    [InlineData("1h", 1_704_070_800, 1_704_067_200)]
    [InlineData("1M", 1_709_251_200, 1_706_745_600)]
    [InlineData("1m", 1_704_067_259, 1_704_067_200)]
    [InlineData("1m", 1_704_067_230, 1_704_067_230)]
    public async Task A_stamp_at_the_close_is_one_bar_late(string interval, long stamp, long open)
    {
        (RawBars bars, _) = await ProfileText.AskAsync(
            ProfileText.Read(ProfileText.With(p => p["rows"]!["time"]!["stamp"] = "close")), "X", interval, 3,
            $$"""{"code":0,"data":[{{Row(stamp)}}]}""");

        Assert.Equal([open], bars.Timestamps.ToArray());
    }

    [Fact]
    public async Task A_profile_of_ones_own_reads_an_exchange_that_stamps_the_end_in_ISO_8601()
    {
        // As BitMEX did, which has closed.
        string profile = ProfileText.With(p =>
        {
            Route(p)["query"] = new JsonObject
            {
                ["startTime"] = "{start+step:iso}",
                ["endTime"] = "{next:iso}",
                ["binSize"] = "{interval}",
            };
            p["ok"] = new JsonObject { ["is"] = "array" };
            p["rows"] = JsonNode.Parse("""
                { "at": [], "shape": "objects", "time": { "field": "timestamp", "unit": "iso", "stamp": "close" },
                  "columns": {
                    "open": "open", "high": "high", "low": "low", "close": "close", "volume": "homeNotional", "trades": "trades" } }
                """);
        });

        (RawBars bars, string[] requests) = await ProfileText.AskAsync(ProfileText.Read(profile), "XBTUSDT", "1m", 2, """
            [{"timestamp":"2024-01-01T00:01:00.000Z","symbol":"XBTUSDT","open":1,"high":3,"low":0.5,"close":2,"trades":7,
              "homeNotional":4.5,"vwap":null}]
            """);

        const string Query = "startTime=2024-01-01T00%3A00%3A00Z&endTime=2024-01-01T00%3A03%3A00Z&binSize=1 ";
        Assert.Contains(Query, requests[0], StringComparison.Ordinal);
        Assert.Equal([Start], bars.Timestamps.ToArray());
        Assert.Equal([1.0, 3.0, 0.5, 2.0, 4.5, 7L], bars.Columns.Select(static column => column.GetValue(0)!));
    }

    [Fact]
    public async Task Columns_may_stand_beside_each_other_and_be_empty()
    {
        ExchangeProfile deribit = ExchangeCatalog.Get("deribit");

        (RawBars bars, _) = await ProfileText.AskAsync(deribit, "BTC-PERPETUAL", "1m", 2, """
            {"jsonrpc":"2.0","result":{"volume":[3.5,0],"ticks":[1704067200000,1704067260000],"status":"ok","open":[1,2],"low":[1,2],
             "high":[1,2],"cost":[28740,0],"close":[1,2]},"usIn":1,"testnet":false}
            """);
        (RawBars none, _) = await ProfileText.AskAsync(deribit, "BTC-PERPETUAL", "1m", 2, """
            {"jsonrpc":"2.0","result":{"volume":[],"ticks":[],"status":"no_data","open":[],"low":[],"high":[],"cost":[],"close":[]}}
            """);

        Assert.Equal([Start, Start + 60], bars.Timestamps.ToArray());
        Assert.Equal([1.0, 1.0, 1.0, 1.0, 3.5, 28740.0], bars.Columns.Select(static column => column.GetValue(0)!));
        Assert.Equal((0L, true), (none.RowCount, none.ProvesByRowsOnly));
    }

    // As the exchanges' documentation and ccxt's comments print them; open, high, low, close and volume differ.
    [Theory]
    [InlineData("gate", """[["1704067200","6227.07","4","5","1","2","466641934.99","true"]]""", 466641934.99, 6227.07)]
    [InlineData("gate-futures", """[{"t":1704067200,"v":97151,"c":"4","h":"5","l":"1","o":"2","sum":"3580.5"}]""", 97151, 3580.5)]
    [InlineData("gate-futures", """[{"t":1704067200,"v":97151,"c":"4","h":"5","l":"1","o":"2"}]""", 97151, null)]
    [InlineData("gemini", "[[1704067200000,2,5,1,4,34.7624802159]]", 34.7624802159, null)]
    [InlineData(
        "bitstamp",
        """{"data":{"ohlc":[{"close":"4","high":"5","low":"1","open":"2","timestamp":"1704067200","volume":"18.49"}],"pair":"BTC/USD"}}""",
        18.49, null)]
    [InlineData(
        "alpaca-stocks",
        """{"bars":[{"t":"2024-01-01T00:00:00Z","o":2,"h":5,"l":1,"c":4,"v":18.5,"n":7,"vw":3}],"symbol":"AAPL","next_page_token":null}""",
        18.5, 3.0)]
    [InlineData("bybit", """{"retCode":0,"result":{"list":[["1704067200000","2","5","1","4","18.5","37"]]}}""", 18.5, 37.0)]
    [InlineData("bybit-inverse", """{"retCode":0,"result":{"list":[["1704067200000","2","5","1","4","37","18.5"]]}}""", 18.5, 37.0)]
    [InlineData(
        "htx-linear-swap",
        """{"status":"ok","data":[{"id":1704067200,"vol":120,"count":7,"open":2,"close":4,"low":1,"high":5,"amount":0.12,"trade_turnover":9.5}]}""",
        0.12, 120.0)]
    public async Task A_row_is_read_field_by_field(string exchange, string body, double volume, double? sixth)
    {
        ExchangeProfile profile = ExchangeCatalog.Get(exchange);
        var minute = new TimeRange(Start, Start);
        await using var server = new RawServer(RawServer.Whole("200 OK", body));
        var fetcher = profile.CreateFetcher(
            new() { BaseUri = server.BaseUri, Credential = profile.Secrets.Count > 0 ? new("me", "s3cret") : null },
            ProfileText.ClockAfter(Minute, Start));

        RawBars bars = await fetcher.FetchAsync(new(profile.SymbolExample, Minute), minute, default);

        Assert.Equal([Start], bars.Timestamps.ToArray());
        Assert.Equal([2.0, 5.0, 1.0, 4.0, volume], bars.Columns.Take(5).Select(static column => column.GetValue(0)!));
        Assert.Equal(sixth, bars.Columns.Skip(5).FirstOrDefault()?.GetValue(0));
    }

    [Fact]
    public async Task A_stock_without_trades_has_no_rows_and_that_proves_nothing()
    {
        await using var server = new RawServer(RawServer.Whole("200 OK", """{"bars":null,"symbol":"AAPL","next_page_token":null}"""));
        var fetcher = ExchangeCatalog.Get("alpaca-stocks")
            .CreateFetcher(new() { BaseUri = server.BaseUri, Credential = new("me", "s3cret") }, ProfileText.ClockAfter(Minute, Start));

        RawBars bars = await fetcher.FetchAsync(new("AAPL", Minute), new TimeRange(Start, Start), default);

        Assert.Equal((0L, true), (bars.RowCount, bars.ProvesByRowsOnly));
    }

    [Theory]
    [InlineData("a\r\nX-Evil: 1", "{symbol}", false)]
    [InlineData("\u00e9", "{symbol}", false)]
    [InlineData("a/../../b?c#d&e=f", "{symbol}", true)]
    [InlineData("\u0001\r\n\ud83d\ude00 \"}", "constant", true)]
    public async Task A_symbol_stays_where_the_profile_puts_it(string symbol, string header, bool isSent)
    {
        string profile = ProfileText.With(p =>
        {
            Route(p)["headers"] = new JsonObject { ["X-Symbol"] = header };
            Route(p)["body"] = new JsonObject { ["symbol"] = "{symbol}" };
            Query(p)["symbol"] = "{symbol}";
        });
        await using var server = new RawServer(RawServer.Whole("200 OK", """{"code":0,"data":[]}"""));
        var fetcher = ProfileText.Read(profile).CreateFetcher(new() { BaseUri = server.BaseUri }, ProfileText.ClockAfter(Minute, Start));

        Exception? error = await Record.ExceptionAsync(() => fetcher.FetchAsync(new(symbol, Minute), new TimeRange(Start, Start), default));

        Assert.Equal(isSent, error is null);
        Assert.True(error is null or SourceException { IsUnsent: true, IsTransient: false }, error?.ToString());
        Assert.Equal(isSent ? 1 : 0, server.RequestCount);
        foreach (string request in server.Requests)
        {
            string[] parts = request.Split("\r\n\r\n");
            string[] lines = parts[0].Split("\r\n");
            Assert.DoesNotContain(lines, static line => line.StartsWith("X-Evil", StringComparison.Ordinal));
            Assert.Equal($"/candles/{Uri.EscapeDataString(symbol)}", lines[0].Split(' ')[1].Split('?')[0]);
            Assert.EndsWith($"symbol={Uri.EscapeDataString(symbol)}", lines[0].Split(' ')[1], StringComparison.Ordinal);
            Assert.Equal(symbol, JsonNode.Parse(parts[1])!["symbol"]!.GetValue<string>());
        }
    }

    [Theory]
    [InlineData("""{"result":{"volume":[1,2],"ticks":[1704067200000],"open":[1],"low":[1],"high":[1],"cost":[1],"close":[1]}}""")]
    [InlineData("""{"result":{"ticks":[1704067200000]}}""")]
    [InlineData("""{"result":{"ticks":[1704067200000],"open":[1],"low":[1],"high":[1],"close":[1],"volume":5,"cost":[1]}}""")]
    public async Task Columns_that_are_not_equally_long_are_no_answer(string body)
    {
        SourceException error = await ProfileText.FailAsync(ExchangeCatalog.Get("deribit"), 200, body);

        Assert.Contains("no list of candles", error.Message, StringComparison.Ordinal);
        Assert.True(error.IsTransient);
    }

    [Fact]
    public async Task A_long_answer_is_continued_with_its_token()
    {
        const string Bar = "\"o\":1,\"h\":1,\"l\":1,\"c\":1,\"v\":1,\"n\":1,\"vw\":1";

        (RawBars bars, string[] requests) = await ProfileText.AskAsync(
            ExchangeCatalog.Get("alpaca"), "BTC/USD", "1m", 3,
            $$$"""{"bars":{"BTC/USD":[{{{{Bar}}},"t":"2024-01-01T00:00:00Z"}]},"next_page_token":"QlRD/="}""",
            $$$"""{"bars":{"BTC/USD":[{{{{Bar}}},"t":"2024-01-01T00:01:00Z"}]},"next_page_token":"second"}""",
            """{"bars":{},"next_page_token":null}""");

        Assert.Equal([Start, Start + 60], bars.Timestamps.ToArray());
        Assert.Equal((3, 3), (bars.Requests, requests.Length));
        Assert.DoesNotContain("page_token", requests[0], StringComparison.Ordinal);
        Assert.Contains("&page_token=QlRD%2F%3D ", requests[1], StringComparison.Ordinal);
        Assert.Contains("&page_token=second ", requests[2], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_continuation_that_does_not_end_is_given_up_and_nothing_of_it_taken(bool isSame)
    {
        int asked = 0;
        await using var server = new RawServer(async (stream, token) =>
        {
            int page = isSame ? 1 : Interlocked.Increment(ref asked);
            string body = $$$"""{"code":0,"data":[{{{Row(Start)}}}],"more":"{{{page.ToString(CultureInfo.InvariantCulture)}}}"}""";
            await stream.WriteAsync(RawServer.Whole("200 OK", body), token);
        });
        string profile = ProfileText.With(p => p["next"] = new JsonObject { ["at"] = new JsonArray("more"), ["param"] = "page" });
        var fetcher = ProfileText.Read(profile).CreateFetcher(new() { BaseUri = server.BaseUri }, ProfileText.ClockAfter(Minute, Start));
        Task Fetch() => fetcher.FetchAsync(new("X", Minute), new TimeRange(Start, Start), default);

        var error = await Assert.ThrowsAsync<SourceException>(Fetch);

        Assert.Contains("does not end. Nothing of it was taken.", error.Message, StringComparison.Ordinal);
        Assert.InRange(server.RequestCount, 2, 101);
    }

    // Half a surrogate pair is JSON, and yet no text.
    [Fact]
    public async Task A_time_that_is_no_text_spoils_only_its_own_row()
    {
        const string Bar = "\"o\":1,\"h\":1,\"l\":1,\"c\":1,\"v\":1,\"n\":1,\"vw\":1";

        (RawBars bars, _) = await ProfileText.AskAsync(
            ExchangeCatalog.Get("alpaca"), "BTC/USD", "1m", 2,
            $$$"""{"bars":{"BTC/USD":[{{{{Bar}}},"t":"2024-01-01T00:00:00Z"},{{{{Bar}}},"t":"\ud800"}]},"next_page_token":null}""");

        Assert.Equal([Start], bars.Timestamps.ToArray());
        Assert.Equal(1, bars.Unreadable[RejectionReason.MissingTimestamp]);
    }

    [Fact]
    public async Task A_no_whose_words_are_no_text_is_still_that_no()
    {
        SourceException error = await ProfileText.FailAsync(ExchangeCatalog.Get("okx"), 200, """{"code":"50011","msg":"\ud800 busy","data":[]}""");

        Assert.Contains("busy. Too many requests.", error.Message, StringComparison.Ordinal);
        Assert.Equal((true, TimeSpan.FromSeconds(10)), (error.IsTransient, error.RetryAfter));
    }

    [Fact]
    public async Task The_symbols_rows_are_taken_and_no_others()
    {
        (RawBars bars, _) = await ProfileText.AskAsync(ExchangeCatalog.Get("alpaca"), "BTC/USD", "1m", 1, """
            {"bars":{"ETH/USD":[{"t":"2024-01-01T00:00:00Z","o":9,"h":9,"l":9,"c":9,"v":9,"n":9,"vw":9}]},"next_page_token":null}
            """);

        Assert.Equal(0, bars.RowCount);
    }

    [Fact]
    public async Task A_range_out_of_reach_is_refused_before_a_request_with_how_far_back_it_goes()
    {
        await using var server = new RawServer(RawServer.Whole("200 OK", "{}"));
        var clock = new FakeTimeProvider(DateTimeOffset.FromUnixTimeSeconds(Start + (1000 * 86_400)));
        foreach ((string name, string expected) in ((string, string)[])
            [
                ("kraken", "Kraken gives the newest 720 bars of 1m only"),
                ("gemini", "Gemini gives the newest 1440 bars of 1m only"),
                ("hyperliquid", "Hyperliquid gives the newest 5000 bars of 1m only"),
                ("gate", "Gate gives the newest 9990 bars of 1m only"),
            ])
        {
            var fetcher = ExchangeCatalog.Get(name).CreateFetcher(new() { BaseUri = server.BaseUri }, clock);
            Task Fetch() => fetcher.FetchAsync(new("X", Minute), new TimeRange(Start, Start), default);
            var error = await Assert.ThrowsAsync<SourceException>(Fetch);

            Assert.Contains(expected, error.Message, StringComparison.Ordinal);
            Assert.Equal((false, true), (error.IsTransient, error.IsUnsent));
        }

        Assert.Equal(0, server.RequestCount);
    }

    [Fact]
    public async Task An_old_range_is_asked_by_the_route_that_reaches_it()
    {
        await using var server = new RawServer(RawServer.Whole("200 OK", """{"code":"0","data":[]}"""));
        var fetcher = ExchangeCatalog.Get("okx").CreateFetcher(
            new() { BaseUri = server.BaseUri }, new FakeTimeProvider(DateTimeOffset.FromUnixTimeSeconds(Start + 86_400)));

        await fetcher.FetchAsync(new("BTC-USDT", Minute), new TimeRange(Start, Start + 60), default);
        await fetcher.FetchAsync(new("BTC-USDT", Minute), new TimeRange(Start + 43_200, Start + 43_260), default);

        string[] paths = [.. server.Requests.Select(static request => request.Split('?')[0])];
        Assert.Equal(["GET /api/v5/market/history-candles", "GET /api/v5/market/candles"], paths);
    }

    private static JsonObject Route(JsonNode profile) => profile["routes"]![0]!.AsObject();

    private static JsonObject Query(JsonNode profile) => Route(profile)["query"]!.AsObject();

    private static async Task<ValidatedBars> AskAsync(string profile, int count, string body)
    {
        (RawBars bars, _) = await ProfileText.AskAsync(ProfileText.Read(profile), "X", "1m", count, body);
        var asked = new TimeRange(Start, Start + ((count - 1) * 60));
        return bars.Validate(Minute, asked, asked.End);
    }
}
