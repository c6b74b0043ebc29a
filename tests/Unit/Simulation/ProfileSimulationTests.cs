using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Time.Testing;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.Fetching.Exchanges;
using Qmtl.Fetching.Http;
using Qmtl.Fetching.Pacing;
using Qmtl.History.Relational.Sqlite;
using Qmtl.Simulation;
using Qmtl.Simulation.Faults;
using Qmtl.Simulation.Markets;
using Qmtl.Time;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.Simulation;

/// <summary>
/// Every exchange that comes with the library, backfilled over loopback in its own format into a real store: what the store holds is the
/// market, bar by bar, and what could be learnt is not asked for again.
/// </summary>
public sealed class ProfileSimulationTests : IDisposable
{
    private const int PageSize = 60;
    private static readonly BarInterval Minute = BarInterval.Parse("1m");
    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1_717_588_830);

    // What a profile calls the amounts of a candle.
    private static readonly Dictionary<string, Func<SimulatedCandle, double>> Amounts = new()
    {
        ["open"] = candle => SimulatedCandle.ToDouble(candle.Open),
        ["high"] = candle => SimulatedCandle.ToDouble(candle.High),
        ["low"] = candle => SimulatedCandle.ToDouble(candle.Low),
        ["close"] = candle => SimulatedCandle.ToDouble(candle.Close),
        ["volume"] = candle => SimulatedCandle.ToDouble(candle.Volume),
        ["quote_volume"] = candle => SimulatedCandle.ToDouble(candle.QuoteVolume),
        ["trades"] = candle => candle.Trades,
        ["taker_buy_base_volume"] = candle => SimulatedCandle.ToDouble(candle.TakerBaseVolume),
        ["taker_buy_quote_volume"] = candle => SimulatedCandle.ToDouble(candle.TakerQuoteVolume),
    };

    private readonly TemporaryFolder _folder = new();
    private readonly FakeTimeProvider _clock = new(Now);

    // alpaca's stocks are asked with a key; the simulator takes any.
    static ProfileSimulationTests()
    {
        foreach (string secret in ExchangeCatalog.Names.SelectMany(name => ExchangeCatalog.Get(name).Secrets))
        {
            Environment.SetEnvironmentVariable(secret, "simulated");
        }
    }

    public static TheoryData<string> Exchanges => [.. ExchangeCatalog.Names];

    // Each as it is and as it will be once somebody trusts it, in new bars and, where it has them, in old ones.
    public static TheoryData<string, bool, bool> ExchangesAgesAndTrust()
    {
        var data = new TheoryData<string, bool, bool>();
        foreach (string name in ExchangeCatalog.Names)
        {
            ExchangeProfile profile = ExchangeCatalog.Get(name);
            bool[] ages = profile is { Reach: null, ReachInBars: null } ? [true, false] : [true];
            bool[] trusts = profile.IsTrusted ? [true] : [true, false];
            foreach ((bool isRecent, bool isTrusted) in ages.SelectMany(age => trusts.Select(trust => (age, trust))))
            {
                data.Add(name, isRecent, isTrusted);
            }
        }

        return data;
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(ExchangesAgesAndTrust))]
    public async Task A_market_is_filled_and_what_was_learnt_is_not_asked_for_again(string name, bool isRecent, bool isTrusted)
    {
        string text = SimulatedExchange.ProfileOf(name);
        ExchangeProfile profile = Read(isTrusted ? Trusted(text) : text);
        await using SimulatedExchange exchange = Start(text);

        await FillTwiceAsync(profile, exchange, isRecent ? Recent() : Old());

        Assert.Equal(isTrusted, profile.IsTrusted);
        Assert.All(exchange.Requests, request => Assert.Equal(200, request.Status));
    }

    // Of an exchange that the simulator does not know it knows only what the profile says.
    [Theory]
    [MemberData(nameof(Exchanges))]
    public async Task A_profile_of_ones_own_is_spoken_by_what_it_says(string name)
    {
        string text = Regex.Replace(SimulatedExchange.ProfileOf(name), $"(?<=\"name\"\\s*:\\s*\"){name}", "mine");
        ExchangeProfile profile = Read(text);
        await using SimulatedExchange exchange = Start(text);

        await FillTwiceAsync(profile, exchange, Recent());

        Assert.Equal("mine", profile.Name);
        Assert.All(exchange.Requests, request => Assert.Equal(200, request.Status));
    }

    [Theory]
    [MemberData(nameof(Exchanges))]
    public async Task Faults_cost_requests_and_no_bars(string name)
    {
        ExchangeProfile profile = ExchangeCatalog.Get(name);
        await using SimulatedExchange exchange = Start(SimulatedExchange.ProfileOf(name));
        SimulatedFault[] faults =
        [
            SimulatedFault.Status(429, TimeSpan.FromSeconds(3)),
            SimulatedFault.Status(429),
            SimulatedFault.Status(503),
            SimulatedFault.Html,
            SimulatedFault.ConnectionReset,
            SimulatedFault.HalfBody,
            SimulatedFault.FewerRows(7),
            SimulatedFault.RowsOutsideRange,
            SimulatedFault.RowsOutOfOrder,
            SimulatedFault.RepeatedRows,
        ];
        foreach (SimulatedFault fault in faults)
        {
            exchange.Faults.Enqueue(fault);
            exchange.Faults.Enqueue(null);
        }

        BackfillResult result = await FillTwiceAsync(profile, exchange, Recent());

        Assert.True(result.Retries >= 5, $"{result.Retries} retries.");
    }

    [Theory]
    [MemberData(nameof(Exchanges))]
    public async Task A_symbol_that_there_is_not_is_one_clear_error_and_nothing_is_learnt(string name)
    {
        await using SimulatedExchange exchange = Start(SimulatedExchange.ProfileOf(name));

        BackfillResult result = await BackfillAsync(ExchangeCatalog.Get(name), exchange, Recent(), "NOSUCH");

        Assert.Equal(BackfillStatus.Failed, result.Status);
        Assert.Equal(0, result.BarsEmpty);
        var error = Assert.IsType<SourceException>(result.Error);
        Assert.False(error.IsTransient, error.Message);
        Assert.Contains("asked for NOSUCH 1m", error.Message, StringComparison.Ordinal);
    }

    // What the simulator knows of an exchange it does not have from the profile, so a profile that is wrong does not pass for a right one.
    [Theory]
    [InlineData("okx", "{start-1:ms}", "{start:ms}")]
    [InlineData("mexc", "{next-1:ms}", "{end:ms}")]
    [InlineData("kucoin", "{start:s}", "{start:ms}")]
    [InlineData("coinbase-exchange", "{end:iso}", "{next+60000:iso}")]
    [InlineData("bitget", "{next:ms}", "{end:ms}")]
    public async Task A_profile_that_is_wrong_about_its_exchange_is_found_out(string name, string right, string wrong)
    {
        string text = SimulatedExchange.ProfileOf(name);
        Assert.Contains(right, text, StringComparison.Ordinal);
        ExchangeProfile profile = Read(Trusted(text.Replace(right, wrong, StringComparison.Ordinal)));
        await using SimulatedExchange exchange = Start(text);

        BackfillResult result = await BackfillAsync(profile, exchange, Recent());

        Assert.True(result.BarsWritten < exchange.Markets.Single().ReadAll(Minute, Recent()).Count, $"{result.Error}");
    }

    // The limits are those of the profile; the exchange would refuse what goes beyond them in any stretch of their length.
    [Theory]
    [MemberData(nameof(Exchanges))]
    public async Task No_limit_is_ever_exceeded(string name)
    {
        ExchangeProfile profile = ExchangeCatalog.Get(name);
        await using SimulatedExchange exchange = Start(SimulatedExchange.ProfileOf(name));

        BackfillResult result = await BackfillAsync(profile, exchange, Recent(), barsPerRequest: 10, concurrency: 8);

        Assert.All(exchange.Requests, request => Assert.Equal(200, request.Status));
        await AssertHeldAsync(profile, exchange, Recent(), result);
    }

    // Who does not keep to the limits is refused, in whatever words, and told or not told for how long.
    [Theory]
    [MemberData(nameof(Exchanges))]
    public async Task A_client_that_asked_too_much_waits_and_gets_everything(string name)
    {
        ExchangeProfile profile = ExchangeCatalog.Get(name);
        await using SimulatedExchange exchange = Start(SimulatedExchange.ProfileOf(name));

        BackfillResult result = await BackfillAsync(profile, exchange, Recent(), barsPerRequest: 10, concurrency: 8, limits: []);

        await AssertHeldAsync(profile, exchange, Recent(), result);
    }

    [Fact]
    public async Task What_an_exchange_no_longer_has_is_not_asked_for()
    {
        string[] recentOnly = [.. ExchangeCatalog.Names.Where(name => ExchangeCatalog.Get(name) is not { Reach: null, ReachInBars: null })];
        Assert.NotEmpty(recentOnly);
        foreach (string name in recentOnly)
        {
            await using SimulatedExchange exchange = Start(SimulatedExchange.ProfileOf(name));

            BackfillResult result = await BackfillAsync(ExchangeCatalog.Get(name), exchange, Old());

            Assert.Equal((BackfillStatus.Failed, 0L, 0L), (result.Status, result.BarsEmpty, exchange.RequestCount));
        }
    }

    private static ExchangeProfile Read(string text) => ExchangeProfileReader.Read(Encoding.UTF8.GetBytes(text), "changed.json");

    private static string Trusted(string text) => text.Replace("\"trusted\": false", "\"trusted\": true", StringComparison.Ordinal);

    // Whether an answer without rows says that there are none.
    private static bool ProvesAll(ExchangeProfile profile) => profile.Api.Routes.All(route => !route.ProvesByRowsOnly);

    private static TimeRange Recent()
    {
        long end = Minute.Floor(Now.ToUnixTimeSeconds()) - 600;
        return new TimeRange(end - (299 * 60), end);
    }

    private static TimeRange Old() => new(1_709_251_200, 1_709_251_200 + (299 * 60));

    // Answers that are continued are so after few rows.
    private SimulatedExchange Start(string profile) => SimulatedExchange.Start(new()
    {
        Profile = profile,
        MostRows = profile.Contains("\"next\"", StringComparison.Ordinal) ? 25 : null,
        TimeProvider = _clock,
    });

    private async Task<BackfillResult> FillTwiceAsync(ExchangeProfile profile, SimulatedExchange exchange, TimeRange range)
    {
        BackfillResult first = await BackfillAsync(profile, exchange, range);
        long asked = exchange.RequestCount;
        await AssertHeldAsync(profile, exchange, range, first);
        BackfillResult second = await BackfillAsync(profile, exchange, range);

        AssertAskedNothingOf(profile, exchange, range, asked, second);
        return first;
    }

    private async Task<BackfillResult> BackfillAsync(
        ExchangeProfile profile,
        SimulatedExchange exchange,
        TimeRange range,
        string? symbol = null,
        int barsPerRequest = PageSize,
        int concurrency = 2,
        IReadOnlyList<RateLimit>? limits = null)
    {
        var reached = new HttpFetcherOptions
        {
            BaseUri = exchange.BaseUri,
            BarsPerRequest = barsPerRequest,
            RequestTimeout = TimeSpan.FromDays(1),
            Limits = limits,
        };
        IDataFetcher fetcher = profile.CreateFetcher(reached, _clock);
        await using var store = new SqliteHistoryStore(StorePath);
        var options = new BackfillOptions { MaxRetries = 20, ThrottleLimit = concurrency };
        var engine = new BackfillEngine(options, _clock, _ => { });
        var request = new BackfillRequest(store, fetcher, new StreamKey(symbol ?? exchange.Markets.Single().Symbol, Minute), [range]);
        Task<List<BackfillResult>> running = engine.RunAsync([request], CancellationToken.None).ToListAsync().AsTask();
        while (!running.IsCompleted)
        {
            _clock.Advance(TimeSpan.FromSeconds(0.5));
            await Task.Delay(1);
        }

        return Assert.Single(await running);
    }

    private string StorePath => Path.Combine(_folder.FullPath, "bars.db");

    private async Task AssertHeldAsync(ExchangeProfile profile, SimulatedExchange exchange, TimeRange range, BackfillResult result)
    {
        ISimulatedMarket market = exchange.Markets.Single();
        var stream = new StreamKey(market.Symbol, Minute);
        IReadOnlyList<SimulatedCandle> expected = market.ReadAll(Minute, range);
        Assert.InRange(expected.Count, 100, range.CountBars(Minute) - 1);
        await using var store = new SqliteHistoryStore(StorePath);
        int row = 0;
        await foreach (BarFrame frame in store.ReadAsync(stream, range))
        {
            foreach (BarRow bar in frame.Rows)
            {
                SimulatedCandle candle = expected[row++];
                Assert.Equal(candle.Timestamp, bar.Timestamp);
                foreach (string column in profile.Columns.Where(Amounts.ContainsKey))
                {
                    Assert.Equal(Amounts[column](candle), Convert.ToDouble(bar[column], CultureInfo.InvariantCulture));
                }
            }
        }

        Assert.True(row == expected.Count, $"{row} of {expected.Count} bars: {result.Error}");
        Assert.Equal((expected.Count, null), (result.BarsWritten, result.Error?.Message));
        Assert.Equal(range.CountBars(Minute), result.BarsWritten + result.BarsEmpty + result.BarsMissing);
        if (ProvesAll(profile))
        {
            Assert.Equal((BackfillStatus.Completed, 0L), (result.Status, result.BarsMissing));
        }
    }

    // Of an exchange that is not trusted, bars at the ends of an answer may be empty or not, and are asked for once more.
    private static void AssertAskedNothingOf(
        ExchangeProfile profile, SimulatedExchange exchange, TimeRange range, long before, BackfillResult second)
    {
        Assert.Equal(0, second.BarsWritten);
        if (ProvesAll(profile))
        {
            Assert.Equal(before, exchange.RequestCount);
        }
        else
        {
            long holes = range.CountBars(Minute) - exchange.Markets.Single().ReadAll(Minute, range).Count;
            Assert.InRange(second.BarsMissing + second.BarsEmpty, 0, holes);
            Assert.InRange(exchange.RequestCount - before, 0, holes + 1);
        }
    }
}
