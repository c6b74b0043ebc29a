using System.Globalization;
using System.Text.Json;
using Qmtl.Simulation;
using Qmtl.Simulation.Markets;
using Qmtl.Simulation.Profiles;
using Qmtl.Time;
using Qmtl.Unit.Fetching.Exchanges;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.Simulation;

/// <summary>
/// The simulator is judged by the exchanges themselves: the candles that an independent client reads from a recorded answer, written by the
/// simulator, make that answer again, as far as candles say what is in it.
/// </summary>
public sealed class ProfileWriterTests
{
    public static TheoryData<string, int> Answers() => RecordedAnswersTests.Answers();

    [ExchangesTheory]
    [MemberData(nameof(Answers))]
    public void Recorded_candles_are_written_as_the_exchange_wrote_them(string exchange, int index)
    {
        string file = Path.Combine(SharedData.ExchangesFolder!, "recorded", exchange + ".json");
        using JsonDocument recorded = JsonDocument.Parse(File.ReadAllBytes(file));
        JsonElement answer = recorded.RootElement.GetProperty("answers")[index];
        (string symbol, BarInterval interval) = RecordedAnswersTests.Asked(answer);
        string name = RecordedAnswersTests.ProfileOf(exchange, answer);
        List<SimulatedCandle> candles = [.. answer.GetProperty("candles").EnumerateArray().Select(Candle)];
        candles.Sort((a, b) => a.Timestamp.CompareTo(b.Timestamp));
        Manners manners = KnownManners.Of(name);
        if (manners.IsDescending)
        {
            candles.Reverse();
        }

        using JsonDocument profile = JsonDocument.Parse(
            SimulatedExchange.ProfileOf(name), new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
        byte[] written = new ProfileWriter(profile.RootElement, manners).Write(candles, null, symbol, interval, token: null, fault: null);

        using JsonDocument document = JsonDocument.Parse(written);
        AssertAlike(document.RootElement, answer.GetProperty("httpResponse"), "$", isRow: false);
    }

    private static SimulatedCandle Candle(JsonElement candle)
    {
        long[] units = [.. Enumerable.Range(1, 5).Select(i => SimulatedCandle.FromDecimal(
            Math.Round(decimal.Parse(candle[i].ToString(), NumberStyles.Float, CultureInfo.InvariantCulture), 8)))];
        return new SimulatedCandle(candle[0].GetInt64() / 1000, units[0], units[1], units[2], units[3], units[4], 0, 0, 0, 0);
    }

    // What is written must be there, of the same kind in rows, and equal where the candle tells it; what a candle does not tell is 0.
    private static void AssertAlike(JsonElement written, JsonElement real, string path, bool isRow)
    {
        if (written.ValueKind is JsonValueKind.Object)
        {
            Assert.True(real.ValueKind == JsonValueKind.Object, $"{path} is {real.ValueKind}");
            foreach (JsonProperty member in written.EnumerateObject())
            {
                // Under a symbol the exchange may write another name of it.
                JsonElement other = real.TryGetProperty(member.Name, out JsonElement same) ? same
                    : real.EnumerateObject().FirstOrDefault(entry => entry.Value.ValueKind == JsonValueKind.Array).Value;
                AssertAlike(member.Value, other, $"{path}.{member.Name}", isRow);
            }
        }
        else if (written.ValueKind is JsonValueKind.Array)
        {
            Assert.True(real.ValueKind == JsonValueKind.Array, $"{path} is {real.ValueKind}");
            AssertList(written, real, path);
        }
        else if (isRow)
        {
            AssertValue(written, real, path);
        }
    }

    // An independent client drops rows that were not asked for; those that it kept come in the exchange's order.
    private static void AssertList(JsonElement written, JsonElement real, string path)
    {
        int at = 0;
        foreach (JsonElement item in written.EnumerateArray())
        {
            bool holdsRows = item.ValueKind is JsonValueKind.Array or JsonValueKind.Object;
            while (holdsRows && at < real.GetArrayLength() && !HasSameTime(item, real[at]))
            {
                at++;
            }

            Assert.True(at < real.GetArrayLength(), $"{path} has no more rows than {at}, or others.");
            AssertAlike(item, real[at], $"{path}[{at}]", isRow: true);
            at++;
        }
    }

    private static bool HasSameTime(JsonElement written, JsonElement real)
    {
        JsonElement time = written.ValueKind == JsonValueKind.Array ? written[0] : written.EnumerateObject().First().Value;
        string name = written.ValueKind == JsonValueKind.Array ? string.Empty : written.EnumerateObject().First().Name;
        return (real.ValueKind == JsonValueKind.Array ? real[0] : real.GetProperty(name)).ToString() == time.ToString();
    }

    private static void AssertValue(JsonElement written, JsonElement real, string path)
    {
        bool isTold = written.ToString() != "0";
        bool isFlag = written.ValueKind == JsonValueKind.String && path.EndsWith("[8]", StringComparison.Ordinal);
        if (!isTold || isFlag)
        {
            return;
        }

        Assert.True(written.ValueKind == real.ValueKind, $"{path}: {written.GetRawText()} for {real.GetRawText()}");
        bool isNumber = decimal.TryParse(real.ToString(), NumberStyles.Float, CultureInfo.InvariantCulture, out decimal value);
        string text = isNumber ? Math.Round(value, 8).ToString("0.########", CultureInfo.InvariantCulture) : real.ToString();
        bool isAmount = decimal.TryParse(written.ToString(), NumberStyles.Float, CultureInfo.InvariantCulture, out decimal amount);
        Assert.Equal(text, isAmount ? amount.ToString("0.########", CultureInfo.InvariantCulture) : written.ToString());
    }
}
