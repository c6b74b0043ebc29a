using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.Fetching.Exchanges;
using Qmtl.Fetching.Http;
using Qmtl.Time;
using Qmtl.Unit.Fetching.Http;

namespace Qmtl.Unit.Fetching.Exchanges;

/// <summary>Profiles for tests, and what becomes of answers to them.</summary>
internal static class ProfileText
{
    public const long Start = 1_704_067_200;

    /// <summary>A small sound profile: rows are lists of time in seconds, open, high, low, close and volume.</summary>
    public const string Small = """
        {
          "schema": 1, "name": "small", "base": "http://127.0.0.1:1", "symbol": { "example": "BTC-USD", "case": "upper" },
          "intervals": { "1m": "1", "1h": "60", "1M": "month" },
          "routes": [
            { "path": "/candles/{symbol}", "query": { "from": "{start:s}", "to": "{end:s}", "bar": "{interval}" }, "maxBars": 10 }
          ],
          "rows": {
            "at": ["data"], "shape": "arrays", "time": { "field": 0, "unit": "s" },
            "columns": { "open": 1, "high": 2, "low": 3, "close": 4, "volume": 5 }
          },
          "ok": { "at": ["code"], "equals": 0 }, "says": [["code"], ["msg"]],
          "errors": [ { "at": ["code"], "equals": 7, "means": "unknownSymbol" } ],
          "pace": { "requests": 1000, "per": "1s" }
        }
        """;

    /// <summary>The small profile with a change.</summary>
    public static string With(Action<JsonNode> change)
    {
        JsonNode profile = JsonNode.Parse(Small)!;
        change(profile);
        return profile.ToJsonString();
    }

    public static ExchangeProfile Read(string text, string file = "mine.json") =>
        ExchangeProfileReader.Read(Encoding.UTF8.GetBytes(text), file);

    /// <summary>Asks a loopback server for bars from <see cref="Start"/> on; it answers each time with the next of the bodies.</summary>
    public static async Task<(RawBars Bars, string[] Requests)> AskAsync(
        ExchangeProfile profile, string symbol, string interval, int count, params string[] bodies)
    {
        int asked = 0;
        await using var server = new RawServer(async (stream, token) => await stream.WriteAsync(
            RawServer.Whole("200 OK", bodies[Math.Min(asked++, bodies.Length - 1)]), token));
        BarInterval bar = BarInterval.Parse(interval);
        long start = bar.Ceiling(Start);
        var range = new TimeRange(start, bar.Add(start, count - 1));
        var fetcher = profile.CreateFetcher(new() { BaseUri = server.BaseUri }, ClockAfter(bar, range.End));
        RawBars bars = await fetcher.FetchAsync(new StreamKey(symbol, bar), range, CancellationToken.None);
        return (bars, [.. server.Requests]);
    }

    /// <summary>A clock just behind a bar, for some exchanges have only the newest.</summary>
    public static FakeTimeProvider ClockAfter(BarInterval interval, long lastOpen) =>
        new(DateTimeOffset.FromUnixTimeSeconds(interval.Add(lastOpen, 2)));

    /// <summary>The error that an answer makes.</summary>
    public static async Task<SourceException> FailAsync(ExchangeProfile profile, int status, string body, string? symbol = null)
    {
        await using var server = new RawServer(RawServer.Whole($"{status} X", body));
        BarInterval interval = profile.Intervals.First(bar => bar.Seconds >= 60);
        var options = new HttpFetcherOptions
        {
            BaseUri = server.BaseUri,
            Credential = profile.Secrets.Count > 0 ? new("key", "secret") : null,
        };
        HttpFetcher fetcher = profile.CreateFetcher(options, ClockAfter(interval, Start));
        return await Assert.ThrowsAsync<SourceException>(() => fetcher.FetchAsync(
            new(symbol ?? profile.SymbolExample, interval), new TimeRange(Start, Start), CancellationToken.None));
    }
}
