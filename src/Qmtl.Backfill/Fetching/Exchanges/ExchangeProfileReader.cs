using System.Text.RegularExpressions;
using Qmtl.Fetching.Http;
using Qmtl.Fetching.Pacing;
using Qmtl.Time;

namespace Qmtl.Fetching.Exchanges;

/// <summary>Makes an <see cref="ExchangeProfile"/> of a file's text and checks all of it.</summary>
internal static partial class ExchangeProfileReader
{
    private const int Schema = 1;
    private const int MostBars = 1_000_000;

    private static readonly Dictionary<string, ResetUnit> ResetUnits = new()
    {
        ["epoch-s"] = ResetUnit.EpochSeconds,
        ["epoch-ms"] = ResetUnit.EpochMilliseconds,
        ["s"] = ResetUnit.Seconds,
        ["ms"] = ResetUnit.Milliseconds,
    };

    /// <summary>Reads a profile.</summary>
    /// <param name="text">The file's bytes: JSON in UTF-8, comments and trailing commas allowed.</param>
    /// <param name="file">The file, as an operator knows it.</param>
    /// <exception cref="ArgumentException">Something of it is wrong. The message names file, key, rule and way out.</exception>
    public static ExchangeProfile Read(ReadOnlyMemory<byte> text, string file)
    {
        DeclaredNode root = DeclaredNode.Parse(text, file).Only(
            "$schema", "schema", "name", "title", "market", "note", "trusted", "base", "hosts", "symbol", "intervals", "routes", "rows",
            "ok", "errors", "says", "waysOut", "errorStatusIsFinal", "pace", "next", "volumeUnit", "credential", "bulk");
        root.Required("schema").Number(Schema, Schema);
        string name = ReadName(root.Required("name"));
        string title = root.Optional("title")?.Text() ?? name;
        bool isTrusted = root.Optional("trusted")?.Flag() ?? false;
        var baseUri = ReadAddress(root.Required("base"));
        SymbolForm symbol = ReadSymbol(root.Required("symbol"));
        Dictionary<BarInterval, string> intervals = ReadIntervals(root.Required("intervals"));
        var format = CandleFormat.Read(root.Required("rows"));
        var refusals = RefusalReader.Read(root, symbol);
        RateLimit[] limits = [.. ReadPace(root.Optional("pace"), scope: null)];
        HttpRoute[] routes = [.. root.Required("routes").Items().Select(route => ReadRoute(route, root, format, isTrusted, limits))];
        RequireUse(root.Required("routes"), routes);

        string[] secrets = [.. routes.SelectMany(route => route.Secrets).Distinct()];
        var api = new HttpApi
        {
            Name = name,
            Title = title,
            BaseUri = baseUri,
            Hosts = ReadHosts(root.Optional("hosts")),
            Intervals = intervals,
            Routes = routes,
            ReadRefusal = refusals.Read,
            WaysOut = ReadWaysOut(root.Optional("waysOut")),
            Files = ReadFiles(root.Optional("bulk"), format),
            Credential = ReadCredential(root.Optional("credential"), secrets),
        };
        HttpRoute last = routes[^1];

        // Arrays, which scripts can index from the end.
        return new ExchangeProfile
        {
            Name = name,
            Title = title,
            Market = root.Optional("market")?.Text() ?? string.Empty,
            BaseUri = baseUri,
            SymbolExample = symbol.Example,
            Intervals = intervals.Keys.Order().ToArray(),
            BarsPerRequest = routes.Max(route => route.MostBars),
            ReachInBars = last.ReachInBars,
            Reach = last.Reach,
            Limits = routes.SelectMany(route => route.Limits).Distinct().ToArray(),
            IsTrusted = isTrusted,
            VolumeUnit = root.Optional("volumeUnit")?.OneOf(new Dictionary<string, string>
            {
                ["base"] = "base",
                ["quote"] = "quote",
                ["contracts"] = "contracts",
            }) ?? "base",
            Columns = format.Columns.Select(column => column.Name).ToArray(),
            Secrets = secrets,
            Note = root.Optional("note")?.Text() ?? string.Empty,
            Format = format,
            Api = api,
        };
    }

    private static string ReadName(DeclaredNode node) => NameForm().IsMatch(node.Text())
        ? node.Text()
        : throw node.Wrong("must be of small letters, digits, '.', '-' and '_', such as okx-swap");

    /// <summary>The address of a host, or of a place at one.</summary>
    public static Uri ReadAddress(DeclaredNode node) =>
        Uri.TryCreate(node.Text(), UriKind.Absolute, out Uri? address) && address.Scheme is "http" or "https"
        && address.UserInfo.Length == 0 && address.Query.Length == 0 && address.Fragment.Length == 0
            ? address
            : throw node.Wrong("must be an absolute http or https address without user and query, such as https://api.example.com");

    private static SymbolForm ReadSymbol(DeclaredNode node) => new(
        node.Only("example", "case").Required("example").Text(),
        node.Optional("case")?.OneOf(new Dictionary<string, SymbolCase>
        {
            ["upper"] = SymbolCase.Upper,
            ["lower"] = SymbolCase.Lower,
            ["keep"] = SymbolCase.Keep,
        }) ?? SymbolCase.Keep);

    private static Dictionary<BarInterval, string> ReadIntervals(DeclaredNode node)
    {
        Dictionary<BarInterval, string> intervals = [];
        foreach ((string text, DeclaredNode word) in node.Members())
        {
            if (!BarInterval.TryParse(text, out BarInterval interval))
            {
                throw word.Wrong("stands under what is no interval. Write the intervals as 1s, 5m, 4h, 1d, 1w, 1M or 1d@08:00");
            }

            // Some exchanges count an interval in a number.
            string said = word.Json.ValueKind == System.Text.Json.JsonValueKind.Number ? word.Json.GetRawText() : word.Text();
            if (!intervals.TryAdd(interval, said))
            {
                throw word.Wrong($"stands under an interval that is there twice: {interval}");
            }
        }

        return intervals.Count > 0 ? intervals : throw node.Wrong("must name one interval at least");
    }

    // The first route that reaches the asked start is taken.
    private static void RequireUse(DeclaredNode node, HttpRoute[] routes)
    {
        int endless = Array.FindIndex(routes, static route => route.Reach is null && route.ReachInBars is null);
        if (routes.Length == 0)
        {
            throw node.Wrong("must have one route at least");
        }

        if (endless >= 0 && endless < routes.Length - 1)
        {
            throw node.Items().ElementAt(endless).Wrong(
                "reaches back without end, so that no route after it is ever asked. Give it 'maxAge' or 'maxAgeBars', or put it last");
        }
    }

    private static HttpRoute ReadRoute(DeclaredNode node, DeclaredNode root, CandleFormat format, bool isTrusted, RateLimit[] ofHost)
    {
        node.Only(
            "method", "path", "query", "headers", "body", "maxBars", "maxSpan", "maxAge", "maxAgeBars", "about", "weight", "pace");
        var template = RequestTemplate.Read(node);
        if (node.Optional("maxAge") is not null && node.Optional("maxAgeBars") is { } second)
        {
            throw second.Wrong("stands beside 'maxAge'. Say how far back the route reaches by one of them");
        }

        var reader = new CandleReader(format);
        DeclaredNode? next = root.Optional("next")?.Only("at", "param");
        JsonPath? tokenAt = next is { } token ? JsonPath.Read(token.Required("at")) : null;
        string tokenName = next?.Required("param").Text() ?? string.Empty;
        bool isOfRows = node.Optional("about")?.OneOf(new Dictionary<string, bool> { ["window"] = false, ["rows"] = true }) ?? false;
        return new HttpRoute
        {
            MostBars = node.Required("maxBars").Number(1, MostBars),
            LongestSpan = node.Optional("maxSpan")?.Span(),
            Reach = node.Optional("maxAge")?.Span(),
            ReachInBars = node.Optional("maxAgeBars")?.Number(1, MostBars),
            ProvesByRowsOnly = isOfRows || !isTrusted,
            Weight = node.Optional("weight")?.Number(1, 100_000) ?? 1,
            Limits = [.. ofHost, .. ReadPace(node.Optional("pace"), node.Required("path").Text())],
            Secrets = [.. template.Secrets],
            Request = (page, more) => template.Fill(page, more is null ? null : KeyValuePair.Create(tokenName, more)),
            Read = (answer, page, into) =>
            {
                reader.Read(answer.Body, page.Symbol, page.Stream.Interval, into);
                into.AnsweredAt = answer.ServerTime;
                return tokenAt is null ? null : JsonText.At(answer.Body, tokenAt) is { Length: > 0 } more ? more : null;
            },
            Columns = format.Columns,
        };
    }

    private static IEnumerable<RateLimit> ReadPace(DeclaredNode? node, string? scope)
    {
        if (node is not { } pace)
        {
            yield break;
        }

        pace.Only("requests", "weight", "per", "used", "remaining", "reset");
        DeclaredNode? requests = pace.Optional("requests");
        DeclaredNode? weight = pace.Optional("weight");
        if ((requests is null) == (weight is null))
        {
            throw pace.Wrong("must have either 'requests' or 'weight', and 'per' beside it");
        }

        DeclaredNode per = pace.Required("per");
        TimeSpan window = per.Span();
        DeclaredNode? reset = pace.Optional("reset")?.Only("header", "unit");
        yield return new RateLimit
        {
            Weight = (requests ?? weight)!.Value.Number(1, int.MaxValue),
            Per = window <= TimeSpan.FromDays(1) ? window : throw per.Wrong("must be at most one day"),
            CountsRequests = requests is not null,
            UsedHeader = pace.Optional("used")?.Text(),
            RemainingHeader = pace.Optional("remaining")?.Text(),
            ResetHeader = reset?.Required("header").Text(),
            ResetUnit = reset?.Required("unit").OneOf(ResetUnits) ?? default,
            Scope = scope,
        };
    }

    private static List<KeyValuePair<string, string[]>> ReadHosts(DeclaredNode? node) =>
        [.. node?.Members().Select(entry => KeyValuePair.Create(
            NameForm().IsMatch(entry.Key) ? entry.Key : throw entry.Value.Wrong("stands under what can be no source's name"),
            entry.Value.Items().Select(static host => host.Text()).ToArray())) ?? []];

    private static Dictionary<RefusalMeaning, string> ReadWaysOut(DeclaredNode? node)
    {
        Dictionary<RefusalMeaning, string> waysOut = [];
        foreach ((string word, DeclaredNode text) in node?.Members() ?? [])
        {
            waysOut[RefusalReader.Words.TryGetValue(word, out RefusalMeaning meaning)
                ? meaning
                : throw text.Wrong($"stands under what is no meaning. There are {string.Join(", ", RefusalReader.Words.Keys)}")] =
                text.Text();
        }

        return waysOut;
    }

    private static Func<HttpApi, HttpLimits, TimeProvider, HttpFiles>? ReadFiles(DeclaredNode? node, CandleFormat rows)
    {
        if (node is not { } bulk)
        {
            return null;
        }

        BulkFormat format = BulkFormat.Read(bulk, rows);
        return (api, limits, clock) => new BulkSource(format, rows, api, limits, clock);
    }

    private static HttpCredential? ReadCredential(DeclaredNode? node, string[] secrets)
    {
        if (node is not { } credential)
        {
            return null;
        }

        credential.Only("user", "password");
        return new HttpCredential(Of(credential.Required("user")), Of(credential.Required("password")));

        string Of(DeclaredNode name) => secrets.Contains(name.Text())
            ? name.Text()
            : throw name.Wrong("must be the NAME of a {secret:NAME} of the profile");
    }

    [GeneratedRegex("^[a-z0-9][a-z0-9._-]{0,62}$")]
    private static partial Regex NameForm();
}
