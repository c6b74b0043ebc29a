using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using Qmtl.Data;
using Qmtl.Fetching.Exchanges;
using Qmtl.Fetching.Http;
using Qmtl.Time;
using Qmtl.Unit.Fetching.Http;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.Fetching.Exchanges;

/// <summary>
/// Answers that real exchanges gave, read with the shipped profiles, against the candles that an independent client reads from them.
/// </summary>
public sealed class RecordedAnswersTests
{
    // One of the recordings says that it is continued.
    private const string LastOfAlpaca = """{"bars":{},"next_page_token":null}""";

    private static readonly string[] Names = ["open", "high", "low", "close", "volume"];

    public static TheoryData<string, int> Answers()
    {
        var data = new TheoryData<string, int>();
        string? folder = SharedData.ExchangesFolder;
        foreach (string file in (string[])(folder is null ? [] : [.. Directory.GetFiles(Path.Combine(folder, "recorded"), "*.json").Order()]))
        {
            // BitMEX has closed.
            using JsonDocument recorded = JsonDocument.Parse(File.ReadAllBytes(file));
            for (int i = 0; Path.GetFileName(file) != "bitmex.json" && i < recorded.RootElement.GetProperty("answers").GetArrayLength(); i++)
            {
                data.Add(Path.GetFileNameWithoutExtension(file), i);
            }
        }

        return data;
    }

    // Through a real connection, as an operator would get it. The clock stands just behind the candles, for some exchanges have only the
    // newest.
    [ExchangesTheory]
    [MemberData(nameof(Answers))]
    public async Task A_real_answer_is_read_as_an_independent_client_reads_it(string exchange, int index)
    {
        using JsonDocument recorded = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(SharedData.ExchangesFolder!, "recorded", exchange + ".json")));
        JsonElement answer = recorded.RootElement.GetProperty("answers")[index];
        List<JsonElement> candles = [.. answer.GetProperty("candles").EnumerateArray()];
        (string symbol, BarInterval interval) = Asked(answer);
        int asked = 0;
        await using var server = new RawServer(async (stream, token) => await stream.WriteAsync(
            RawServer.Whole("200 OK", asked++ == 0 ? answer.GetProperty("httpResponse").GetRawText() : LastOfAlpaca), token));
        long[] opens = [.. candles.Select(candle => candle[0].GetInt64() / 1000)];
        var clock = new FakeTimeProvider(DateTimeOffset.FromUnixTimeSeconds(interval.Add(opens.Max(), 2)));
        HttpFetcher fetcher = ExchangeCatalog.Get(ProfileOf(exchange, answer)).CreateFetcher(new() { BaseUri = server.BaseUri }, clock);

        RawBars bars = await fetcher.FetchAsync(new(symbol, interval), new TimeRange(opens.Max(), opens.Max()), CancellationToken.None);

        Dictionary<long, double?[]> read = Enumerable.Range(0, bars.Timestamps.Length)
            .ToDictionary(row => bars.Timestamps.Span[row], row => Array.ConvertAll(Names, name => Amount(bars, name, row)));
        Assert.NotEmpty(candles);
        Assert.Equal(0, bars.Unreadable.Total);
        Assert.All(candles, candle => Assert.Equal(
            Enumerable.Range(1, 5).Select(i => (double?)double.Parse(candle[i].ToString(), CultureInfo.InvariantCulture)),
            read[candle[0].GetInt64() / 1000]));
    }

    private static double? Amount(RawBars bars, string name, int row) => Convert.ToDouble(
        bars.Columns.Single(column => column.Name == name).GetValue(row), CultureInfo.InvariantCulture);

    internal static string ProfileOf(string exchange, JsonElement answer)
    {
        string source = answer.GetProperty("source").GetString()!;
        return exchange switch
        {
            "bybit" => source.Contains("inverse", StringComparison.Ordinal) ? "bybit-inverse" : "bybit-linear",
            "okx" when answer.GetProperty("origin").GetString() == "sample" => "okx-swap",
            _ => exchange,
        };
    }

    internal static (string Symbol, BarInterval Interval) Asked(JsonElement answer)
    {
        JsonElement? input = answer.TryGetProperty("input", out JsonElement given) ? given : null;
        string? symbol = answer.TryGetProperty("marketId", out JsonElement id) ? id.GetString() : input?[0].GetString();
        string? interval = input is { } list && list.GetArrayLength() > 1 ? list[1].GetString()
            : answer.TryGetProperty("timeframe", out JsonElement frame) ? frame.GetString()
            : null;
        return (symbol ?? "X", BarInterval.Parse(interval ?? "1m"));
    }
}
