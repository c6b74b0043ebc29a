using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.Json;
using Qmtl.Fetching.Exchanges;
using Qmtl.Simulation.Faults;
using Qmtl.Simulation.Http;
using Qmtl.Simulation.Markets;
using Qmtl.Time;

namespace Qmtl.Simulation.Profiles;

/// <summary>The exchange of a profile: the profile read backwards, and what is known of the exchange's manners apart from it.</summary>
internal sealed class ProfileApi : ISimulatedApi
{
    private static readonly JsonDocumentOptions Lenient = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    private readonly Dictionary<string, ISimulatedMarket> _markets;
    private readonly Dictionary<string, BarInterval> _intervals;
    private readonly Manners _manners;
    private readonly ProfileRoute[] _routes;
    private readonly IReadOnlyList<ProfileLimit> _limits;
    private readonly ProfileWriter _writer;
    private readonly TimeProvider _clock;
    private readonly int _mostRows;
    private readonly bool _isContinued;

    /// <param name="profile">The text of the profile.</param>
    /// <param name="markets">What is traded; null for a market of the profile's example.</param>
    /// <param name="mostRows">The most rows of an answer, where that is fewer than the exchange gives.</param>
    /// <param name="clock">The clock.</param>
    /// <exception cref="JsonException">The text is no JSON.</exception>
    public ProfileApi(string profile, IReadOnlyList<ISimulatedMarket>? markets, int mostRows, TimeProvider clock)
    {
        using var document = JsonDocument.Parse(profile, Lenient);
        JsonElement root = document.RootElement.Clone();
        string name = root.GetProperty("name").GetString()!;
        (_clock, _mostRows, _manners) = (clock, mostRows, KnownManners.Of(name));
        markets ??= [MarketOf(root.GetProperty("symbol").GetProperty("example").GetString()!)];
        _markets = markets.ToDictionary(market => market.Symbol, StringComparer.Ordinal);
        _intervals = root.GetProperty("intervals").EnumerateObject().ToDictionary(
            interval => interval.Value.ToString(), interval => BarInterval.Parse(interval.Name), StringComparer.Ordinal);
        _isContinued = root.TryGetProperty("next", out _);
        string? tokenName = root.TryGetProperty("next", out JsonElement next) ? next.GetProperty("param").GetString() : null;
        _limits = ProfileLimit.Read(root, clock);
        _routes = [.. root.GetProperty("routes").EnumerateArray().Select(
            route => new ProfileRoute(route, _manners, tokenName) { Limits = ProfileLimit.Read(route, clock) })];
        _writer = new ProfileWriter(root, _manners);
    }

    /// <inheritdoc/>
    public IReadOnlyCollection<ISimulatedMarket> Markets => _markets.Values;

    /// <summary>The text of a profile that comes with the library.</summary>
    /// <exception cref="ArgumentException">There is none of that name.</exception>
    public static string TextOf(string name)
    {
        Assembly library = typeof(ExchangeCatalog).Assembly;
        using Stream stream = library.GetManifestResourceStream($"Qmtl.Exchanges.{name}.json")
            ?? throw new ArgumentException($"There is no exchange '{name}'.", nameof(name));
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    /// <inheritdoc/>
    public Question? Read(LoopbackRequest request)
    {
        foreach (ProfileRoute route in _routes)
        {
            if (route.Read(request) is { } question)
            {
                return question;
            }
        }

        return null;
    }

    /// <inheritdoc/>
    public Answer AnswerTo(LoopbackRequest request) => Answer.WebPage(404, "404 Not Found");

    /// <inheritdoc/>
    public Pass Use(Question question)
    {
        ProfileRoute route = ((ProfileQuestion)question).Route;
        Dictionary<string, string> headers = [];
        TimeSpan? longest = null;
        foreach (ProfileLimit limit in _limits.Concat(route.Limits))
        {
            TimeSpan? wait = limit.Use(route.Weight, headers);
            longest = wait > longest ? wait : longest ?? wait;
        }

        return new Pass(longest is { } stay ? TooMany(stay) : null, headers);
    }

    /// <inheritdoc/>
    public Answer AnswerTo(Question question, SimulatedRequest request, SimulatedFault? fault)
    {
        var asked = (ProfileQuestion)question;
        if (FaultyAnswers.Of(fault, TooMany(fault?.RetryAfter)) is { } faulty)
        {
            return faulty;
        }

        if (asked.LacksKey)
        {
            return Json(new No(401, """{"code":40110000,"message":"request is not authorized"}"""));
        }

        if (!_markets.TryGetValue(asked.Symbol, out ISimulatedMarket? market))
        {
            return Json(_writer.NoOf("unknownSymbol", _manners.UnknownSymbol, asked.Symbol));
        }

        if (!_intervals.TryGetValue(asked.Interval, out BarInterval interval) || !interval.IsMadeOf(market.BaseInterval))
        {
            return Json(_writer.NoOf("unknownInterval", _manners.UnknownInterval, asked.Symbol));
        }

        if (asked.Complaint is { } complaint)
        {
            return new Answer(400, Encoding.UTF8.GetBytes($$"""{"simulator":{{JsonSerializer.Serialize(complaint)}}}"""));
        }

        return IsTooLong(asked, interval)
            ? Json(_writer.NoOf("badRequest", _manners.UnknownInterval, asked.Symbol))
            : Rows(asked, market, interval, request, fault);
    }

    private GeneratedMarket MarketOf(string symbol) => new(symbol)
    {
        QuietShare = 0.1,
        FillsQuietBars = _manners.FillsQuietBars,
        Outages = new OutageSchedule
        {
            Every = TimeSpan.FromHours(2),
            Shortest = TimeSpan.FromMinutes(3),
            Longest = TimeSpan.FromMinutes(30),
        },
    };

    private static Answer Json(No no) => new(no.Status, Encoding.UTF8.GetBytes(no.Body));

    private Answer TooMany(TimeSpan? stay)
    {
        Answer answer = Json(_writer.NoOf("rateLimited", _manners.RateLimited, string.Empty));
        return answer with { RetryAfter = _manners.TellsRetryAfter ? stay : null };
    }

    private bool IsTooLong(ProfileQuestion asked, BarInterval interval) =>
        _manners.RefusesLongRanges && asked.First is { } first && asked.Last is { } last
        && (last - first) / 1000.0 > asked.Route.MostRows * (double)interval.Seconds;

    private Answer Rows(
        ProfileQuestion asked, ISimulatedMarket market, BarInterval interval, SimulatedRequest request, SimulatedFault? fault)
    {
        DateTimeOffset now = _clock.GetUtcNow();
        (List<SimulatedCandle> rows, string? token) = Select(asked, market, interval, now.ToUnixTimeSeconds(), fault);
        long? forming = null;
        if (rows.Count > 0 && now - DateTimeOffset.FromUnixTimeSeconds(rows[^1].Timestamp) is { } age && age < interval.Duration)
        {
            rows[^1] = rows[^1].Forming(age / interval.Duration);
            forming = rows[^1].Timestamp;
        }

        if (_manners.IsDescending)
        {
            rows.Reverse();
        }

        SimulatedCandle[] given = fault is null ? [.. rows] : FaultyRows.Rearrange(fault, [.. rows], request, interval);
        byte[] body = _writer.Write(given, forming, asked.Symbol, interval, token, fault);
        return new Answer(200, body) { Break = FaultyAnswers.BreakOf(fault) };
    }

    private (List<SimulatedCandle> Rows, string? Token) Select(
        ProfileQuestion asked, ISimulatedMarket market, BarInterval interval, long now, SimulatedFault? fault)
    {
        int most = Math.Min(Math.Min(asked.Count ?? int.MaxValue, asked.Route.MostRows), _mostRows);

        // A page that is cut short is continued where it was cut.
        most = _isContinued && fault?.Kind == SimulatedFaultKind.FewerRows ? Math.Min(most, fault.RowsLeft) : most;
        long end = Math.Min(asked.Last is { } last ? (long)Math.Floor(last / 1000.0) : now, now);
        long latest = interval.Floor(end);
        long start = asked.Start is { } first ? (asked.HoldsFirst ? interval.Floor(first) : first) : interval.Add(latest, 1 - most);
        start = asked.Token is { } token ? TimeIn(token) : start;
        start = asked.Route.ReachInBars is { } reach ? Math.Max(start, interval.Add(interval.Floor(now), 1 - reach)) : start;
        if (start > end)
        {
            return ([], null);
        }

        // Rows beyond the page only tell that there is a rest. Of the newest ones, no more than a few pages are looked through.
        start = _manners.KeepsNewest ? Math.Max(start, interval.Add(latest, -5 * most)) : start;
        var rows = new SimulatedCandle[_manners.KeepsNewest ? (6 * most) + 1 : most + 1];
        int count = market.Read(interval, start, end, rows);
        return _manners.KeepsNewest || count <= most
            ? ([.. rows.AsSpan(Math.Max(0, count - most), Math.Min(count, most))], null)
            : ([.. rows.AsSpan(0, most)], TokenOf(rows[most].Timestamp));
    }

    // As opaque as the real ones.
    private static string TokenOf(long time) => Convert.ToBase64String(Encoding.ASCII.GetBytes($"M|{time}"));

    private static long TimeIn(string token) =>
        long.Parse(Encoding.ASCII.GetString(Convert.FromBase64String(token))[2..], CultureInfo.InvariantCulture);
}
