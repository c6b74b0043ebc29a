using System.Text;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.Fetching.Exchanges;
using Qmtl.Time;
using Qmtl.Unit.Fetching.Http;

namespace Qmtl.Unit.Fetching.Exchanges;

/// <summary>
/// Whatever an exchange answers, it is bars or an error that says so, and no bar is called empty but between two that came.
/// </summary>
public sealed class ProfileFuzzTests
{
    private const int Answers = 150;
    private const long Start = ProfileText.Start;

    private static readonly string[] Values =
    [
        "null", "true", "0", "-1", "1e308", "-1e400", "9223372036854775807", "-9223372036854775808", "99999999999999999999",
        "1704067200", "\"\"", "\"x\"", "\"1e999\"", "\"NaN\"", "\"9999-12-31T23:59:59Z\"", "\"0001-01-01T00:00:00Z\"",
        "[]", "{}", "[[]]", "[1,[2,{\"a\":3}]]", "\"\\ud83d\\ude00\"",
    ];

    private static readonly Dictionary<string, string> Sound = new()
    {
        ["coinbase-exchange"] = "[[1704067320,1,1,1,1,1],[1704067200,1,1,1,1,1]]",
        ["okx"] = """
            {"code":"0","msg":"","data":[["1704067320000","1","1","1","1","1","1","1","1"],
             ["1704067200000","1","1","1","1","1","1","1","1"]]}
            """,
        ["kraken"] = """
            {"error":[],"result":{"XXBTZUSD":[[1704067200,"1","1","1","1","1","1",1],
             [1704067320,"1","1","1","1","1","1",1]],"last":1704067200}}
            """,
        ["hyperliquid"] = """
            [{"t":1704067200000,"o":"1","c":"1","h":"1","l":"1","v":"1","n":1},
             {"t":1704067320000,"o":"1","c":"1","h":"1","l":"1","v":"1","n":1}]
            """,
        ["deribit"] = """
            {"result":{"volume":[1,1],"ticks":[1704067200000,1704067320000],
             "open":[1,1],"low":[1,1],"high":[1,1],"cost":[1,1],"close":[1,1]}}
            """,
        ["alpaca"] = """
            {"bars":{"BTC/USD":[{"t":"2024-01-01T00:00:00Z","o":1,"h":1,"l":1,"c":1,"v":1,"n":1,"vw":1},
             {"t":"2024-01-01T00:02:00Z","o":1,"h":1,"l":1,"c":1,"v":1,"n":1,"vw":1}]},"next_page_token":null}
            """,
        ["mine"] = """{"code":0,"data":[[1704067260,1,1,1,1,1],[1704067380,1,1,1,1,1]]}""",
    };

    public static TheoryData<string> Exchanges => [.. Sound.Keys];

    [Theory]
    [MemberData(nameof(Exchanges))]
    public async Task No_answer_crashes_a_source_or_teaches_it_emptiness(string exchange)
    {
        var random = new Random(exchange.Length);
        byte[] answer = Encoding.UTF8.GetBytes(Sound[exchange]);
        await using var server = new RawServer(async (stream, token) =>
        {
            byte[] body = answer;
            await stream.WriteAsync(RawServer.Head("200 OK", $"Content-Length: {body.Length}"), token);
            await stream.WriteAsync(body, token);
        });
        ExchangeProfile profile = exchange == "mine"
            ? ProfileText.Read(ProfileText.With(p => (p["rows"]!["time"]!["stamp"], p["name"]) = ("close", "mine")))
            : ExchangeCatalog.Get(exchange);
        BarInterval interval = BarInterval.Parse("1m");
        var asked = new TimeRange(Start, Start + 240);
        int read = 0;
        for (int i = 0; i < Answers; i++)
        {
            // Each with a fetcher and a clock of its own, so that no answer has the next one wait.
            var fetcher = profile.CreateFetcher(new() { BaseUri = server.BaseUri }, ProfileText.ClockAfter(interval, asked.End));
            try
            {
                RawBars raw = await fetcher.FetchAsync(new(profile.SymbolExample, interval), asked, default);
                ValidatedBars bars = raw.Validate(interval, asked, asked.End);
                long[] opens = raw.Timestamps.ToArray();
                for (long bar = asked.Start; bar <= asked.End; bar += 60)
                {
                    Assert.True(
                        !bars.Silent.Contains(bar) || (opens.Any(open => open < bar) && opens.Any(open => open > bar)),
                        Encoding.UTF8.GetString(answer));
                }

                read++;
            }
            catch (SourceException error)
            {
                Assert.DoesNotContain(error.Message, char.IsControl);
            }

            answer = Spoil(random, Sound[exchange]);
        }

        Assert.InRange(read, 1, Answers);
    }

    private static byte[] Spoil(Random random, string sound)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(sound);
        switch (random.Next(5))
        {
            case 0:
                return bytes[..random.Next(bytes.Length)];
            case 1:
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
                return bytes;
            case 2:
                random.NextBytes(bytes);
                return bytes;
            default:
                // A value, at its first or another place, is another one.
                string[] parts = sound.Split(',');
                int at = random.Next(parts.Length);
                int from = parts[at].LastIndexOfAny([':', '[', '{']) + 1;
                int to = parts[at].IndexOfAny([']', '}'], from);
                parts[at] = parts[at][..from] + Values[random.Next(Values.Length)] + (to < 0 ? string.Empty : parts[at][to..]);
                return Encoding.UTF8.GetBytes(string.Join(',', parts));
        }
    }
}
