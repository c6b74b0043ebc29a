using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Qmtl.Data;
using Qmtl.Fetching.Exchanges;
using Qmtl.Time;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.Fetching.Exchanges;

/// <summary>docs/exchanges.md says what is so.</summary>
public sealed class ExchangePageTests
{
    private static readonly string Page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "exchanges.md"));

    [Fact]
    public async Task The_example_of_the_page_reads_the_answer_of_the_page()
    {
        string text = Block("profile");
        ExchangeProfile profile = ProfileText.Read(text, "example.json");

        (RawBars raw, string[] requests) = await ProfileText.AskAsync(profile, "BTC-USD", "1m", 3, Block("answer"));
        var asked = new TimeRange(ProfileText.Start, ProfileText.Start + 120);
        ValidatedBars bars = raw.Validate(BarInterval.Parse("1m"), asked, long.MaxValue);

        Assert.True(SchemaFile.Profile.Accepts(text));
        Assert.Equal("GET /v1/candles?pair=BTC-USD&bar=1min&from=1704067140&to=1704067380 HTTP/1.1", requests[0].Split("\r\n")[0]);
        Assert.Equal([ProfileText.Start, ProfileText.Start + 120], bars.Frame.Timestamps.ToArray());
        Assert.Equal([42000.1, 42005.2], bars.Frame.Rows.Select(static row => row["close"]));
        Assert.Equal(1, bars.Silent.BarCount);
        Assert.Contains(
            "NO_SUCH_PAIR Unknown. Write the symbol as the exchange lists it, for example BTC-USD.",
            (await ProfileText.FailAsync(profile, 200, """{"status":"error","code":"NO_SUCH_PAIR","message":"Unknown"}""")).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void The_table_has_every_shipped_exchange_as_its_profile_is()
    {
        string expected = string.Join('\n', ExchangeCatalog.Names.Select(ExchangeCatalog.Get).Select(Row)
            .Prepend("|---|---|---|---|---|---|---|---|---|")
            .Prepend("| name | exchange, market | symbol | intervals | bars a request | back | limits | trusted | note |"));

        Assert.Equal(expected, Between("<!-- table -->\n", "\n<!-- /table -->").Trim());
    }

    [Fact]
    public void Every_key_of_the_schema_is_explained_on_the_page()
    {
        string path = Path.Combine(Repository.Root, "docs", "exchange-profile.schema.json");
        using JsonDocument schema = JsonDocument.Parse(File.ReadAllText(path));
        foreach (string part in (string[])
            ["properties", "$defs.route.properties", "$defs.pace.properties", "$defs.rows.properties", "properties.bulk.properties"])
        {
            JsonElement node = schema.RootElement;
            foreach (string step in part.Split('.'))
            {
                node = node.GetProperty(step);
            }

            Assert.All(node.EnumerateObject(), key => Assert.Matches($"[`.\"]{Regex.Escape(key.Name)}[`\"]", Page));
        }

        Assert.All(RefusalReader.Words.Keys, word => Assert.Contains($"`{word}`", Page, StringComparison.Ordinal));
    }

    private static string Row(ExchangeProfile profile)
    {
        string[] cells =
        [
            $"`{profile.Name}`", $"{profile.Title}, {profile.Market}", $"`{profile.SymbolExample}`", string.Join(' ', profile.Intervals),
            profile.BarsPerRequest.ToString(CultureInfo.InvariantCulture), profile.ReachText, profile.LimitText,
            profile.IsTrusted ? "yes" : "no", profile.Note,
        ];
        return $"| {string.Join(" | ", cells)} |";
    }

    // The fenced block after a mark.
    private static string Block(string mark) => Between($"<!-- {mark} -->\n```json\n", "\n```");

    private static string Between(string before, string after)
    {
        int from = Page.IndexOf(before, StringComparison.Ordinal) + before.Length;
        Assert.True(from > before.Length, before);
        return Page[from..Page.IndexOf(after, from, StringComparison.Ordinal)];
    }
}
