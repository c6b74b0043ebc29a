using System.Text;
using System.Text.Json.Nodes;
using Qmtl.Fetching.Exchanges;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.Fetching.Exchanges;

/// <summary>What is wrong with a profile is said when it is read: file, key, rule and way out.</summary>
public sealed class BrokenProfileTests
{
    private static readonly Broken[] All =
    [
        new("unknown key", p => p["colour"] = 1, "'colour' is no key that a profile has there. Known are $schema, schema, name,"),
        new(
            "unknown key of a route", p => Route(p)["colour"] = 1,
            "'routes[0].colour' is no key that a profile has there. Known are method, path,"),
        new("unknown key of rows", p => p["rows"]!["colour"] = 1, "'rows.colour' is no key"),
        new("unknown key of an error", p => p["errors"]![0]!["message"] = "x", "'errors[0].message' is no key"),
        new("no schema", p => Remove(p, "schema"), "it lacks the key 'schema'. Write it; docs/exchanges.md says what it means."),
        new("later schema", p => p["schema"] = 2, "'schema' is 2, but must be a whole number from 1 to 1."),
        new("no name", p => Remove(p, "name"), "it lacks the key 'name'"),
        new("name with a space", p => p["name"] = "My Exchange", "'name' is \"My Exchange\", but must be of small letters"),
        new("name is a number", p => p["name"] = 5, "'name' is 5, but must be a text, not blank."),
        new("blank title", p => p["title"] = " ", "'title' is \" \", but must be a text, not blank."),
        new("trusted is a text", p => p["trusted"] = "yes", "'trusted' is \"yes\", but must be true or false."),
        new("base is relative", p => p["base"] = "/api", "'base' is \"/api\", but must be an absolute http or https address"),
        new(
            "base has a query", p => p["base"] = "https://x.example?key=1",
            "must be an absolute http or https address without user and query"),
        new(
            "base has a user", p => p["base"] = "https://me:pw@x.example",
            "must be an absolute http or https address without user and query"),
        new("base is a file", p => p["base"] = "file:///etc/passwd", "must be an absolute http or https address"),
        new("no example", p => Remove(p["symbol"]!, "example"), "'symbol' lacks the key 'example'"),
        new("case of letters", p => p["symbol"]!["case"] = "UPPER", "'symbol.case' is \"UPPER\", but must be one of upper, lower, keep."),
        new("no intervals", p => p["intervals"] = new JsonObject(), "'intervals' must name one interval at least."),
        new("intervals are a list", p => p["intervals"] = new JsonArray("1m"), "'intervals' must be an object in braces."),
        new(
            "interval that does not parse", p => p["intervals"]!["1minute"] = "1",
            "'intervals.1minute' is \"1\", but stands under what is no interval."),
        new("interval that opens at no hour", p => p["intervals"]!["1d@25:00"] = "D", "stands under what is no interval.")
        {
            IsSeenBySchema = false,
        },
        new("interval of no length", p => p["intervals"]!["0m"] = "0", "stands under what is no interval.") { IsSeenBySchema = false },
        new(
            "interval twice", p => p["intervals"]!["60s"] = "1",
            "'intervals.60s' is \"1\", but stands under an interval that is there twice: 1m.")
        {
            IsSeenBySchema = false,
        },
        new("no routes", p => p["routes"] = new JsonArray(), "'routes' must have one route at least."),
        new("routes are an object", p => p["routes"] = new JsonObject(), "'routes' must be a list."),
        new("no path", p => Remove(Route(p), "path"), "'routes[0]' lacks the key 'path'"),
        new("path with a query", p => Route(p)["path"] = "/x?limit=5", "'routes[0].path' is \"/x?limit=5\", but must be a path alone."),
        new(
            "secret in a path", p => Route(p)["path"] = "/x/{secret:KEY}",
            "has a secret in a path, which logs on the way show. Send it in a header."),
        new(
            "unknown placeholder", p => Query(p)["a"] = "{begin:s}",
            "'routes[0].query.a' is \"{begin:s}\", but has the placeholder {begin:s}, which is none. There are {symbol},"),
        new("placeholder without a unit", p => Query(p)["a"] = "{start}", "has the placeholder {start}, which is none."),
        new("placeholder of an unknown unit", p => Query(p)["a"] = "{start:min}", "has the placeholder {start:min}, which is none."),
        new("placeholder that is not closed", p => Query(p)["a"] = "{start:ms", "has a brace that belongs to no placeholder."),
        new("number beside text", p => Route(p)["body"] = new JsonObject { ["a"] = "x{start:s#}" }, "stands for a number, alone")
        {
            IsSeenBySchema = false,
        },
        new(
            "text as a number", p => Route(p)["body"] = new JsonObject { ["a"] = "{symbol#}" },
            "has the placeholder {symbol#}, which is none."),
        new(
            "secret as a number", p => Route(p)["body"] = new JsonObject { ["a"] = "{secret:KEY#}" },
            "has the placeholder {secret:KEY#}, which is none."),
        new(
            "unknown placeholder in a body", p => Route(p)["body"] = new JsonObject { ["a"] = new JsonArray("{x}") },
            "'routes[0].body.a[0]' is \"{x}\""),
        new("query of numbers", p => Query(p)["limit"] = 5, "'routes[0].query.limit' is 5, but must be a text, not blank."),
        new(
            "header of no request", p => Route(p)["headers"] = new JsonObject { ["Content-Type"] = "x" },
            "stands under a name that no header of a request has.")
        {
            IsSeenBySchema = false,
        },
        new("method", p => Route(p)["method"] = "PUT", "must be one of GET, POST."),
        new("no maxBars", p => Remove(Route(p), "maxBars"), "'routes[0]' lacks the key 'maxBars'"),
        new("maxBars of none", p => Route(p)["maxBars"] = 0, "'routes[0].maxBars' is 0, but must be a whole number from 1 to 1000000."),
        new("maxBars of a fraction", p => Route(p)["maxBars"] = 1.5, "must be a whole number from 1 to 1000000."),
        new("maxSpan", p => Route(p)["maxSpan"] = "long", "'routes[0].maxSpan' is \"long\", but must be a length of time"),
        new("maxAge of a month", p => Route(p)["maxAge"] = "1M", "must be a length of time"),
        new(
            "two reaches", p => (Route(p)["maxAge"], Route(p)["maxAgeBars"]) = ("9d", 9),
            "'routes[0].maxAgeBars' is 9, but stands beside 'maxAge'."),
        new("about", p => Route(p)["about"] = "all", "must be one of window, rows."),
        new("weight", p => Route(p)["weight"] = -1, "must be a whole number from 1 to 100000."),
        new(
            "route that is never asked", p => p["routes"]!.AsArray().Add(Route(p).DeepClone()),
            "'routes[0]' reaches back without end, so that no route after it")
        {
            IsSeenBySchema = false,
        },
        new("pace of nothing", p => Remove(p["pace"]!, "requests"), "'pace' must have either 'requests' or 'weight', and 'per' beside it."),
        new("pace of both", p => p["pace"]!["weight"] = 5, "'pace' must have either 'requests' or 'weight'"),
        new("pace without a window", p => Remove(p["pace"]!, "per"), "'pace' lacks the key 'per'"),
        new("window of days", p => p["pace"]!["per"] = "2d", "'pace.per' is \"2d\", but must be at most one day.")
        {
            IsSeenBySchema = false,
        },
        new("reset without a unit", p => p["pace"]!["reset"] = new JsonObject { ["header"] = "X" }, "'pace.reset' lacks the key 'unit'"),
        new("no rows", p => Remove(p, "rows"), "it lacks the key 'rows'"),
        new("place that is no list", p => p["rows"]!["at"] = "data", "'rows.at' is \"data\", but must be a list."),
        new("place of a number", p => p["rows"]!["at"] = new JsonArray(0), "'rows.at[0]' is 0, but must be a text, not blank."),
        new("shape", p => p["rows"]!["shape"] = "list", "must be one of arrays, objects, columns."),
        new("no time", p => Remove(p["rows"]!, "time"), "'rows' lacks the key 'time'"),
        new("unit of time", p => p["rows"]!["time"]!["unit"] = "min", "must be one of s, ms, us, ns, iso."),
        new("stamp", p => p["rows"]!["time"]!["stamp"] = "end", "must be one of open, close."),
        new(
            "name in a list", p => p["rows"]!["time"]!["field"] = "t",
            "'rows.time.field' is \"t\", but must be a whole number from 0 to 63."),
        new("index in an object", p => p["rows"]!["shape"] = "objects", "must be a text, not blank."),
        new(
            "no close", p => Remove(p["rows"]!["columns"]!, "close"),
            "'rows.columns' lacks 'close'. A candle has open, high, low and close."),
        new(
            "key column", p => p["rows"]!["columns"]!["ts"] = 9,
            "stands under a name that no column can have. A payload column cannot be named 'ts': that is a key column."),
        new("two columns of a name", p => p["rows"]!["columns"]!["Open"] = 9, "'rows.columns' has 'open' twice; case does not count.")
        {
            IsSeenBySchema = false,
        },
        new(
            "two columns of a field", p => p["rows"]!["columns"]!["last"] = 4,
            "'rows.columns.last' is 4, but reads the field that 'rows.columns.close' reads already.")
        {
            IsSeenBySchema = false,
        },
        new(
            "mark of no value", p => p["rows"]!["closed"] = new JsonObject { ["field"] = 8, ["equals"] = new JsonArray() },
            "'rows.closed.equals' must be a text, a number, true or false."),
        new("no ok", p => Remove(p, "ok"), "it lacks the key 'ok'"),
        new("ok of nothing", p => p["ok"] = new JsonObject(), "'ok' must say what it is about"),
        new("ok at no value", p => Remove(p["ok"]!, "equals"), "'ok' needs 'equals', 'contains' or 'exists' beside 'at'."),
        new("ok of another form", p => p["ok"] = new JsonObject { ["is"] = "object" }, "'ok.is' is \"object\", but must be one of array."),
        new(
            "value of no place", p => p["ok"] = new JsonObject { ["equals"] = 0 },
            "'ok.equals' is 0, but needs 'at' beside it, the place of the value that it is about."),
        new(
            "exists not", p => p["ok"] = new JsonObject { ["at"] = new JsonArray("a"), ["exists"] = false },
            "'ok.exists' is false, but can only be true."),
        new("no meaning", p => Remove(p["errors"]![0]!, "means"), "'errors[0]' lacks the key 'means'"),
        new(
            "unknown meaning", p => p["errors"]![0]!["means"] = "busy",
            "'errors[0].means' is \"busy\", but must be one of rateLimited, banned,"),
        new("status of no answer", p => p["errors"]![0]!["status"] = 42, "must be a whole number from 100 to 599."),
        new(
            "way out of no meaning", p => p["waysOut"] = new JsonObject { ["busy"] = "Wait." },
            "'waysOut.busy' is \"Wait.\", but stands under what is no meaning. There are rateLimited,"),
        new(
            "final status", p => p["errorStatusIsFinal"] = new JsonArray(200),
            "'errorStatusIsFinal[0]' is 200, but must be a whole number from 400 to 599."),
        new(
            "continuation without a parameter", p => p["next"] = new JsonObject { ["at"] = new JsonArray("next") },
            "'next' lacks the key 'param'"),
        new("unit of volume", p => p["volumeUnit"] = "lots", "must be one of base, quote, contracts."),
        new(
            "credential of no secret", p => p["credential"] = new JsonObject { ["user"] = "A", ["password"] = "B" },
            "'credential.user' is \"A\", but must be the NAME of a {secret:NAME} of the profile.")
        {
            IsSeenBySchema = false,
        },
        new(
            "hosts of a text", p => p["hosts"] = new JsonObject { ["small"] = "x.example" },
            "'hosts.small' is \"x.example\", but must be a list."),
        new(
            "host of no name", p => p["hosts"] = new JsonObject { ["A B"] = new JsonArray("x.example") },
            "stands under what can be no source's name."),
        new("files of no time", p => p["bulk"] = Bulk("day", "/x/{symbol}.zip"), "must be a path with {day}"),
        new("files of no kind", p => p["bulk"] = Bulk("header", true), "'bulk' needs 'month', 'day' or both."),
        new("unknown key of files", p => p["bulk"] = Bulk("year", "/{year}"), "'bulk.year' is no key that a profile has there."),
        new("files at no address", p => Remove(p["bulk"] = Bulk("month", "/{month}"), "base"), "'bulk' lacks the key 'base'"),
        new(
            "files for rows of objects",
            p =>
            {
                p["rows"] = JsonNode.Parse("""
                    { "at": [], "shape": "objects", "time": { "field": "t", "unit": "s" },
                      "columns": { "open": "o", "high": "h", "low": "l", "close": "c" } }
                    """);
                p["bulk"] = Bulk("month", "/{month}");
            },
            "'bulk' is for exchanges whose rows are lists ('arrays')"),
    ];

    public static TheoryData<string> Names => [.. All.Select(static broken => broken.What)];

    [Fact]
    public void The_sound_profile_is_read_and_fits_the_schema()
    {
        Assert.Equal("small", ProfileText.Read(ProfileText.Small).Name);
        Assert.True(SchemaFile.Profile.Accepts(ProfileText.Small));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_broken_profile_is_refused_with_file_key_rule_and_way_out(string what)
    {
        Broken broken = All.Single(broken => broken.What == what);

        var error = Assert.Throws<ArgumentException>(() => ProfileText.Read(ProfileText.With(broken.Change)));

        Assert.StartsWith("In the profile mine.json, ", error.Message, StringComparison.Ordinal);
        Assert.Contains(broken.Message, error.Message, StringComparison.Ordinal);
        Assert.EndsWith(".", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("..", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_schema_refuses_it_too_where_a_schema_can_see_it(string what)
    {
        Broken broken = All.Single(broken => broken.What == what);

        Assert.Equal(!broken.IsSeenBySchema, SchemaFile.Profile.Accepts(ProfileText.With(broken.Change)));
    }

    [Theory]
    [InlineData("", "mine.json is no JSON that can be read")]
    [InlineData("exchange: x", "mine.json is no JSON that can be read")]
    [InlineData("{\"schema\": 1", "mine.json is no JSON that can be read")]
    [InlineData("[]", "In the profile mine.json, it must be a JSON object.")]
    [InlineData("null", "it is null, but must be a JSON object.")]
    [InlineData("{\"schema\": 1, \"schema\": 1}", "schema")]
    public void What_is_no_object_of_JSON_is_refused(string text, string expected) =>
        Assert.Contains(expected, Assert.Throws<ArgumentException>(() => ProfileText.Read(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_byte_order_mark_comments_trailing_commas_and_a_schema_address_are_fine()
    {
        string text = ProfileText.Small
            .Replace("{\n  \"schema\": 1,", "{ // mine\n  \"$schema\": \"x.json\", \"schema\": 1,", StringComparison.Ordinal)
            .Replace("\"1s\" }", "\"1s\", },", StringComparison.Ordinal);

        byte[] bytes = [.. Encoding.UTF8.GetPreamble(), .. Encoding.UTF8.GetBytes(text)];
        ExchangeProfile profile = ExchangeProfileReader.Read(bytes, "mine.json");

        Assert.Contains("// mine", text, StringComparison.Ordinal);
        Assert.Contains("\"1s\", },", text, StringComparison.Ordinal);
        Assert.Equal("small", profile.Name);
    }

    [Fact]
    public void A_long_value_is_cut_and_nothing_of_it_moves_the_cursor()
    {
        string text = ProfileText.With(p => p["title"] = "\u001b[2J" + new string('x', 5000));
        string name = ProfileText.With(p => p["name"] = "\u001b[2J" + new string('x', 5000));

        Assert.Equal(5004, ProfileText.Read(text).Title.Length);
        string message = Assert.Throws<ArgumentException>(() => ProfileText.Read(name)).Message;
        Assert.DoesNotContain(message, char.IsControl);
        Assert.InRange(message.Length, 50, 300);
    }

    private static JsonObject Bulk(string key, JsonNode value) =>
        new() { ["base"] = "https://files.example", ["checksum"] = ".CHECKSUM", [key] = value };

    private static JsonObject Route(JsonNode profile) => profile["routes"]![0]!.AsObject();

    private static JsonObject Query(JsonNode profile) => Route(profile)["query"]!.AsObject();

    private static void Remove(JsonNode node, string key) => Assert.True(node.AsObject().Remove(key));

    private sealed record Broken(string What, Action<JsonNode> Change, string Message)
    {
        public bool IsSeenBySchema { get; init; } = true;
    }
}
