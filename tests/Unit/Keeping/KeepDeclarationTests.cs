using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;
using Qmtl.Keeping;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.Keeping;

public sealed class KeepDeclarationTests
{
    private const string Sound = """
        {
          // A desk.
          "schema": 1,
          "stores": {
            "main": { "path": "bars.db" },
            "desk": { "server": "postgresql://writer@db.example/market", "table": "bars", "passwordVariable": "DESK_PASSWORD" },
          },
          "sources": {
            "mirror": { "kind": "binance", "baseUri": "https://mirror.example", "name": "mirror", "bulk": false, "barsPerRequest": 500 },
          },
          "defaults": { "intervals": ["1m", "1h"], "source": "binance", "store": "main", "start": "2024-01-01", "budget": "10m" },
          "streams": [
            { "nodes": ["BTCUSDT", "ETHUSDT"] },
            { "nodes": { "btc": "XBTUSD" }, "intervals": "1d", "source": "kraken", "store": "desk", "start": "-30d", "compare": 5 },
          ],
          "askAfter": "3s",
          "limits": { "throttle": 8, "maxRetries": 2, "bufferedBars": 100000, "settle": "5m" },
          "onBadBar": "refuse",
          "metrics": { "port": 9464, "address": "0.0.0.0" },
        }
        """;

    private static readonly FakeTimeProvider Clock = new(new DateTimeOffset(2024, 3, 1, 0, 0, 0, TimeSpan.Zero));

    private static readonly Broken[] All =
    [
        new("unknown key", d => d["stream"] = 1, "'stream' is no key that a declaration has there. Did you mean streams"),
        new("unknown key of a stream", d => Stream(d)["interval"] = "1m", "'streams[0].interval' is no key that a declaration has there. Did you mean intervals?"),
        new("no schema", d => d.Remove("schema"), "it lacks the key 'schema'. Write it; docs/keep.md says what it means."),
        new("another schema", d => d["schema"] = 2, "'schema' is 2, but must be a whole number from 1 to 1."),
        new("no stores", d => d.Remove("stores"), "it lacks the key 'stores'"),
        new("no streams", d => d["streams"] = new JsonArray(), "'streams' must name one stream at least."),
        new("no nodes", d => Stream(d).Remove("nodes"), "'streams[0]' lacks the key 'nodes'"),
        new("a blank node", d => Stream(d)["nodes"] = new JsonArray(" "), "'streams[0].nodes[0]' is \" \", but must be a text, not blank."),
        new("a blank symbol", d => Stream(d)["nodes"] = new JsonObject { ["btc"] = "" }, "'streams[0].nodes.btc' is \"\", but must be a text"),
        new("no interval", d => Stream(d)["intervals"] = "1x", "'streams[0].intervals' is \"1x\", but is no interval. Write 1s, 5m,"),
        new("a store of no path", d => d["stores"]!["main"] = new JsonObject(), "'stores.main' must have either 'path', a file of SQLite, or 'server'"),
        new("two passwords", d => d["stores"]!["desk"]!["passwordFile"] = "x", "stands beside 'passwordVariable'."),
        new("a throttle of 0", d => d["limits"]!["throttle"] = 0, "'limits.throttle' is 0, but must be a whole number from 1 to 256."),
        new("no span", d => Stream(d)["budget"] = "soon", "'streams[0].budget' is \"soon\", but must be a length of time"),
        new("no port", d => d["metrics"] = new JsonObject(), "'metrics' lacks the key 'port'"),
        new("no word", d => d["onBadBar"] = "ignore", "'onBadBar' is \"ignore\", but must be one of warn, store, refuse."),
        new("1,001 compared", d => Stream(d)["compare"] = 1001, "must be a whole number from 0 to 1000."),
        new("no time", d => Stream(d)["start"] = "yesterday", "'streams[0].start' is \"yesterday\", but is no time: ") { IsSeenBySchema = false },
        new("no source", d => Stream(d)["source"] = "binanc", "is neither a key of 'sources' nor an exchange that qmtl exchanges lists. Did you mean binance")
        {
            IsSeenBySchema = false,
        },
        new("no store", d => Stream(d)["store"] = "mains", "'streams[0].store' is \"mains\", but is no key of 'stores'. There are main, desk.")
        {
            IsSeenBySchema = false,
        },
        new("no kind", d => d["sources"]!["mirror"]!["kind"] = "nosuch", "'sources.mirror.kind' is \"nosuch\", but cannot be opened: There is no source 'nosuch'.")
        {
            IsSeenBySchema = false,
        },
        new("a file of no path", d => d["sources"]!["mirror"]!["kind"] = "csv", "is a kind of file, and names none. Give it a 'path'.") { IsSeenBySchema = false },
        new("a path of no file", d => d["sources"]!["mirror"]!["path"] = "x.csv", "is asked over a network and reads no file. Leave 'path' out.") { IsSeenBySchema = false },
        new("9999", d => Stream(d)["start"] = "9999-12-31", "Write a start before the year 9000.") { IsSeenBySchema = false },
        new("twice", d => Stream(d)["nodes"] = new JsonArray("A", "A"), "A 1m is declared twice for the store main. A stream has one source there;")
        {
            IsSeenBySchema = false,
        },
        new(
            "one store by two names",
            d =>
            {
                d["stores"]!["again"] = new JsonObject { ["path"] = "./x/../bars.db" };
                d["streams"]!.AsArray().Add(new JsonObject { ["nodes"] = new JsonArray("BTCUSDT"), ["intervals"] = "1m", ["store"] = "again" });
            },
            "BTCUSDT 1m is declared for the stores main and again, which are one.")
        {
            IsSeenBySchema = false,
        },
        new("a password for a variable", d => d["stores"]!["desk"]!["passwordVariable"] = "hunter-22", "'stores.desk.passwordVariable' must be the name of an environment variable"),
        new("no start", d => d["defaults"]!.AsObject().Remove("start"), "'streams[0]' lacks 'start', and 'defaults' has none either.") { IsSeenBySchema = false },
        new("no address", d => d["metrics"]!["address"] = "here", "'metrics.address' is \"here\", but must be an IP address of this machine") { IsSeenBySchema = false },
        new("a server of no scheme", d => d["stores"]!["desk"]!["server"] = "db.example", "is no address of a server. Write postgresql://") { IsSeenBySchema = false },
        new("a kind of no store", d => d["stores"]!["main"]!["kind"] = "Oracle", "'stores.main' cannot be opened: ") { IsSeenBySchema = false },
    ];

    public static TheoryData<string> Names => [.. All.Select(broken => broken.What)];

    [Fact]
    public void A_sound_declaration_is_read_whole_and_fits_the_schema()
    {
        KeepDeclaration declaration = Read(Sound);

        Assert.True(SchemaFile.Keep.Accepts(Sound));
        Assert.Equal(["BTCUSDT 1m", "BTCUSDT 1h", "ETHUSDT 1m", "ETHUSDT 1h", "btc 1d"], declaration.Streams.Select(kept => kept.Stream.ToString()));
        KeptStream first = declaration.Streams[0];
        Assert.Equal(("binance", "main", null, 3, TimeSpan.FromMinutes(10)), (first.Source.Name, first.Store.Name, first.Symbol, first.Compare, first.Budget));
        Assert.Equal(new DateTimeOffset(2024, 1, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeSeconds(), first.Start);
        Assert.Equal(Path.GetFullPath("/desk/bars.db"), first.Store.Address);
        KeptStream last = declaration.Streams[^1];
        Assert.Equal(("kraken", "desk", "XBTUSD", 5), (last.Source.Name, last.Store.Name, last.Symbol, last.Compare));
        Assert.Equal(new DateTimeOffset(2024, 1, 31, 0, 0, 0, TimeSpan.Zero).ToUnixTimeSeconds(), last.Start);
        Assert.Equal((TimeSpan.FromSeconds(3), 8, 2), (declaration.AskAfter, declaration.Options.ThrottleLimit, declaration.Options.MaxRetries));
        Assert.Equal((9464, System.Net.IPAddress.Any), (declaration.MetricsPort, declaration.MetricsAddress));
    }

    [Fact]
    public void The_same_file_read_twice_declares_the_same() => Assert.Equal(Read(Sound).Streams, Read(Sound).Streams);

    [Theory]
    [MemberData(nameof(Names))]
    public void A_broken_declaration_is_refused_with_file_key_rule_and_way_out(string what)
    {
        Broken broken = All.Single(broken => broken.What == what);

        string message = Assert.ThrowsAny<ArgumentException>(() => Read(With(broken.Change))).Message;

        Assert.StartsWith("In the declaration keep.json", message, StringComparison.Ordinal);
        Assert.Contains(broken.Message, message, StringComparison.Ordinal);
        Assert.EndsWith(".", message, StringComparison.Ordinal);
        Assert.DoesNotContain("..", message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_schema_refuses_it_too_where_a_schema_can_see_it(string what)
    {
        Broken broken = All.Single(broken => broken.What == what);

        Assert.Equal(!broken.IsSeenBySchema, SchemaFile.Keep.Accepts(With(broken.Change)));
    }

    [Theory]
    [InlineData("postgresql://writer:hunter22@db.example/market", "holds a password")]
    [InlineData("Host=db.example;Database=market;Password=hunter22", "holds a password")]
    [InlineData("host=db.example dbname=market password=hunter22", "holds a password")]
    [InlineData("postgresql://writer:hunter22@db.example:99999999/market", "cannot be read")]
    public void A_password_in_the_file_is_refused_and_not_repeated(string server, string expected)
    {
        string message = Assert.Throws<ArgumentException>(() => Read(With(d => d["stores"]!["desk"]!["server"] = server))).Message;

        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter22", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("hunter22!")]
    [InlineData("22hunter22")]
    [InlineData("hunter22\n")]
    public void A_password_for_its_variable_is_refused_and_not_repeated(string password)
    {
        string message = Assert.Throws<ArgumentException>(
            () => Read(With(d => d["stores"]!["desk"]!["passwordVariable"] = password))).Message;

        Assert.Contains("and is not the password", message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter22", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_variable_that_is_not_set_is_not_repeated_either()
    {
        var store = new KeptStore { Name = "desk", Address = "postgresql://writer@db.example/market", PasswordVariable = "hunter22" };

        Assert.DoesNotContain("hunter22", Assert.Throws<ArgumentException>(() => store.Open()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_with_named_columns_read_twice_is_the_same_and_a_changed_password_file_makes_another_store()
    {
        using var folder = new TemporaryFolder();
        string password = folder.File("password");
        File.WriteAllText(folder.File("bars.csv"), "1704067200,1\n");
        File.WriteAllText(password, "one");
        string text = With(d =>
        {
            d["sources"]!["mirror"] = new JsonObject
            {
                ["kind"] = "csv",
                ["path"] = folder.File("bars.csv"),
                ["header"] = new JsonArray("time", "close"),
            };
            d["stores"]!["main"]!["passwordFile"] = password;
            Stream(d)["source"] = "mirror";
        });
        KeptStream before = Read(text).Streams[0];
        Assert.Equal(before, Read(text).Streams[0]);

        File.WriteAllText(password, "another");

        KeptStream after = Read(text).Streams[0];
        Assert.Equal(before.Source, after.Source);
        Assert.NotEqual(before.Store, after.Store);
    }

    [Fact]
    public void A_user_in_an_address_is_refused_and_not_repeated()
    {
        string message = Assert.Throws<ArgumentException>(
            () => Read(With(d => d["sources"]!["mirror"]!["baseUri"] = "https://me:hunter22@mirror.example"))).Message;

        Assert.Contains("Leave the user out", message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter22", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_not_there_is_named() => Assert.Contains(
        "There is no declaration /no/such.json", Assert.Throws<FileNotFoundException>(() => KeepDeclaration.Read("/no/such.json")).Message, StringComparison.Ordinal);

    private static JsonObject Stream(JsonObject declaration) => declaration["streams"]![0]!.AsObject();

    private static KeepDeclaration Read(string text) => KeepDeclaration.Parse(Encoding.UTF8.GetBytes(text), "keep.json", "/desk", Clock);

    private static string With(Action<JsonObject> change)
    {
        var options = new System.Text.Json.JsonDocumentOptions { AllowTrailingCommas = true, CommentHandling = System.Text.Json.JsonCommentHandling.Skip };
        JsonObject declaration = JsonNode.Parse(Sound, documentOptions: options)!.AsObject();
        change(declaration);
        return declaration.ToJsonString();
    }

    private sealed record Broken(string What, Action<JsonObject> Change, string Message)
    {
        public bool IsSeenBySchema { get; init; } = true;
    }
}
