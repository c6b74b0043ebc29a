using Qmtl.Fetching.Exchanges;
using Qmtl.Time;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.Fetching.Exchanges;

public sealed class ExchangeCatalogTests
{
    public static TheoryData<string> Exchanges => [.. ExchangeCatalog.Names];

    [Fact]
    public void The_shipped_exchanges_are_these() => Assert.Equal(
        [
            "alpaca", "alpaca-stocks", "binance", "binance-coinm", "binance-usdm", "bitfinex", "bitget", "bitget-usdt-futures", "bitstamp",
            "bybit", "bybit-inverse", "bybit-linear", "coinbase-advanced", "coinbase-exchange", "cryptocom", "deribit", "gate",
            "gate-futures", "gemini", "htx", "htx-linear-swap", "hyperliquid", "kraken", "kucoin", "kucoin-futures", "mexc",
            "mexc-contract", "okx", "okx-swap",
        ],
        ExchangeCatalog.Names);

    [Theory]
    [MemberData(nameof(Exchanges))]
    public void A_shipped_profile_is_complete(string name)
    {
        ExchangeProfile profile = ExchangeCatalog.Get(name);

        Assert.Equal(name, profile.Name);
        Assert.Equal("https", profile.BaseUri.Scheme);
        Assert.NotEqual(profile.Name, profile.Title);
        Assert.All([profile.Market, profile.SymbolExample, profile.ToString()], static text => Assert.NotEmpty(text));
        Assert.Contains(BarInterval.Parse("1m"), profile.Intervals);
        Assert.Contains(BarInterval.Parse("1h"), profile.Intervals);
        Assert.Equal(profile.Intervals.Order(), profile.Intervals);
        Assert.NotEmpty(profile.Limits);
        Assert.InRange(profile.BarsPerRequest, 200, 10_000);
        Assert.Equal(["open", "high", "low", "close", "volume"], profile.Columns.Take(5));
        Assert.Equal(name == "binance", profile.IsTrusted);
        Assert.Equal(name is "kucoin-futures" or "gate-futures" or "mexc-contract" ? "contracts" : "base", profile.VolumeUnit);
        Assert.Equal(name == "alpaca-stocks" ? 2 : 0, profile.Secrets.Count);
        Assert.Equal(
            name switch { "kraken" => 720, "gemini" => 1440, "hyperliquid" => 5000, "gate" or "gate-futures" => 9990, _ => null },
            profile.ReachInBars);
    }

    [Theory]
    [MemberData(nameof(Exchanges))]
    public void A_shipped_profile_fits_the_published_schema(string name)
    {
        using Stream stream = typeof(ExchangeCatalog).Assembly.GetManifestResourceStream($"Qmtl.Exchanges.{name}.json")!;
        using var reader = new StreamReader(stream);

        Assert.True(SchemaFile.Profile.Accepts(reader.ReadToEnd()));
    }

    [Fact]
    public void Two_exchanges_never_share_a_name_at_any_of_their_hosts()
    {
        string[] names = [.. ExchangeCatalog.Names.Select(name => ExchangeCatalog.Get(name).CreateFetcher().Name)];

        Assert.Equal(ExchangeCatalog.Names, names);
        Assert.Equal("okx-swap", At("okx-swap", "https://aws.okx.com"));
        Assert.Equal("okx:localhost:80", At("okx", "http://localhost"));
        Assert.Equal("mexc-contract", At("mexc-contract", "https://contract.mexc.com"));

        static string At(string name, string address) => ExchangeCatalog.Get(name).CreateFetcher(new() { BaseUri = new Uri(address) }).Name;
    }

    [Fact]
    public void A_name_is_found_in_any_case_and_read_once() =>
        Assert.Same(ExchangeCatalog.Get("okx-swap"), ExchangeCatalog.Get("OKX-Swap"));

    [Theory]
    [InlineData("bitmex")]
    [InlineData("")]
    [InlineData("binance.json")]
    public void An_unknown_name_is_refused_with_those_that_there_are(string name)
    {
        string message = Assert.Throws<ArgumentException>(() => ExchangeCatalog.Get(name)).Message;

        Assert.Contains($"There is no exchange '{name}'. There are alpaca, alpaca-stocks, binance,", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_of_ones_own_is_an_exchange()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("mine.json");
        File.WriteAllText(path, ProfileText.Small);

        ExchangeProfile profile = ExchangeCatalog.Load(path);

        Assert.Equal(("small", "small", false, 10), (profile.Name, profile.Title, profile.IsTrusted, profile.BarsPerRequest));
        Assert.Equal(["1m", "1h", "1M"], profile.Intervals.Select(static interval => interval.ToString()));
    }

    [Fact]
    public void A_wrong_file_is_named_in_the_error()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("broken.json");
        File.WriteAllText(path, "{}");

        string message = Assert.Throws<ArgumentException>(() => ExchangeCatalog.Load(path)).Message;
        Assert.StartsWith("In the profile broken.json, ", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_not_there_is_told_as_such()
    {
        var error = Assert.Throws<FileNotFoundException>(() => ExchangeCatalog.Load("nowhere/mine.json"));

        Assert.Contains("There is no file 'nowhere/mine.json'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_huge_file_is_not_read()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("huge.json");
        using (FileStream file = File.Create(path))
        {
            file.SetLength(3_000_000);
        }

        string message = Assert.Throws<ArgumentException>(() => ExchangeCatalog.Load(path)).Message;
        Assert.Contains("huge.json has 3000000 bytes. A profile has 1048576 at most.", message, StringComparison.Ordinal);
    }

    // The form in which others have written profiles down.
    [ExchangesTheory]
    [MemberData(nameof(Drafts))]
    public void A_profile_that_others_wrote_is_read(string name)
    {
        ExchangeProfile profile = ExchangeCatalog.Load(Path.Combine(SharedData.ExchangesFolder!, "profiles", name));

        Assert.Equal(Path.GetFileNameWithoutExtension(name), profile.Name);
        Assert.False(profile.IsTrusted);
    }

    public static TheoryData<string> Drafts() => [.. SharedData.ExchangesFolder is { } folder
        ? (string[])[.. Directory.GetFiles(Path.Combine(folder, "profiles"), "*.json").Select(file => Path.GetFileName(file)!).Order()]
        : []];
}
