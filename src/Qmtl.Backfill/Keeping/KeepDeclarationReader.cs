using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.Fetching.Exchanges;
using Qmtl.History;
using Qmtl.History.Relational.PostgreSql;
using Qmtl.Messages;
using Qmtl.Quality;
using Qmtl.Time;

namespace Qmtl.Keeping;

/// <summary>Makes a <see cref="KeepDeclaration"/> of a file's text and checks all of it.</summary>
/// <param name="folder">Where relative paths start.</param>
/// <param name="now">What a start such as <c>-30d</c> counts from.</param>
internal sealed partial class KeepDeclarationReader(string folder, DateTimeOffset now)
{
    private const int Schema = 1;
    private const int MostCompared = 1000;

    private static readonly string[] OfStream = ["nodes", "intervals", "source", "store", "start", "budget", "compare"];

    private readonly Dictionary<string, KeptStore> _stores = new(StringComparer.Ordinal);
    private readonly Dictionary<string, KeptSource> _sources = new(StringComparer.Ordinal);

    /// <summary>Reads a declaration.</summary>
    /// <exception cref="ArgumentException">Something of it is wrong. The message names file, key, rule and way out.</exception>
    public KeepDeclaration Read(ReadOnlyMemory<byte> text, string file)
    {
        DeclaredNode root = DeclaredNode.Parse(text, file, "declaration", "docs/keep.md").Only(
            "$schema", "schema", "stores", "sources", "defaults", "streams", "askAfter", "limits", "onBadBar", "metrics");
        root.Required("schema").Number(Schema, Schema);
        foreach ((string name, DeclaredNode store) in root.Required("stores").Members())
        {
            _stores.Add(name, ReadStore(name, store));
        }

        foreach ((string name, DeclaredNode source) in root.Optional("sources")?.Members() ?? [])
        {
            _sources.Add(name, ReadSource(name, source));
        }

        DeclaredNode? defaults = root.Optional("defaults")?.Only([.. OfStream.Except(["nodes"])]);
        DeclaredNode streams = root.Required("streams");
        KeptStream[] kept = [.. streams.Items().SelectMany(entry => ReadStreams(entry.Only(OfStream), defaults))];
        DeclaredNode? metrics = root.Optional("metrics")?.Only("port", "address");
        var declaration = new KeepDeclaration
        {
            Streams = kept.Length > 0 ? kept : throw streams.Wrong("must name one stream at least"),
            Options = ReadOptions(root),
            MetricsPort = metrics?.Required("port").Number(IPEndPoint.MinPort, IPEndPoint.MaxPort),
            MetricsAddress = metrics?.Optional("address") is { } address ? ReadAddress(address) : null,
        };
        declaration = root.Optional("askAfter")?.Span() is { } after ? declaration with { AskAfter = after } : declaration;
        try
        {
            declaration.Validate();
            return declaration;
        }
        catch (ArgumentException error)
        {
            throw new ArgumentException($"In the declaration {PlainText.OneLine(file)}: {PlainMessage.Of(error)}", error);
        }
    }

    private static BackfillOptions ReadOptions(DeclaredNode root)
    {
        var defaults = new BackfillOptions();
        DeclaredNode? limits = root.Optional("limits")?.Only("throttle", "maxRetries", "bufferedBars", "settle");
        return new BackfillOptions
        {
            ThrottleLimit = limits?.Optional("throttle")?.Number(1, 256) ?? defaults.ThrottleLimit,
            MaxRetries = limits?.Optional("maxRetries")?.Number(0, 100) ?? defaults.MaxRetries,
            MaxBufferedBars = limits?.Optional("bufferedBars")?.Number(1, 100_000_000) ?? defaults.MaxBufferedBars,
            SettleTime = limits?.Optional("settle")?.Span(),
            OnBadBar = root.Optional("onBadBar")?.OneOf(new Dictionary<string, BadBars>
            {
                ["warn"] = BadBars.Warn,
                ["store"] = BadBars.Store,
                ["refuse"] = BadBars.Refuse,
            }) ?? defaults.OnBadBar,
        };
    }

    private static IPAddress ReadAddress(DeclaredNode node) =>
        string.Equals(node.Text(), "localhost", StringComparison.OrdinalIgnoreCase) ? IPAddress.Loopback
        : IPAddress.TryParse(node.Text(), out IPAddress? address) ? address
        : throw node.Wrong("must be an IP address of this machine: 127.0.0.1 for it alone, 0.0.0.0 for every network that it is in");

    // Nothing of what stands before an @ is repeated.
    private static Uri ReadUri(DeclaredNode node) => node.IsText && node.Text().Contains('@', StringComparison.Ordinal)
        ? throw Silent(node).Wrong("must be an http or https address without a user, and holds an '@'. Leave the user out")
        : ExchangeProfileReader.ReadAddress(node);

    private static DeclaredNode Silent(DeclaredNode node) => node with { Json = default };

    private KeptStore ReadStore(string name, DeclaredNode node)
    {
        node.Only("path", "server", "table", "kind", "httpUri", "passwordVariable", "passwordFile");
        if ((node.Optional("path") is null) == (node.Optional("server") is null))
        {
            throw node.Wrong("must have either 'path', a file of SQLite, or 'server', such as postgresql://user@host/database");
        }

        DeclaredNode? variable = node.Optional("passwordVariable");
        DeclaredNode? file = node.Optional("passwordFile");
        if (variable is not null && file is { } second)
        {
            throw second.Wrong("stands beside 'passwordVariable'. Say where the password is by one of them");
        }

        var store = new KeptStore
        {
            Name = name,
            Address = node.Optional("path") is { } path ? PathOf(path) : ReadServer(node.Required("server")),
            Options = new HistoryStoreOptions
            {
                Table = node.Optional("table")?.Text(),
                Kind = node.Optional("kind")?.Text(),
                HttpUri = node.Optional("httpUri") is { } uri ? ReadUri(uri) : null,
            },
            PasswordVariable = variable is { } named ? ReadVariable(named) : null,
            PasswordFile = file is { } of ? PathOf(of) : null,
            Stamp = file is { } stamped ? StampOf(PathOf(stamped)) : null,
        };
        try
        {
            // What the address and its options are is known without the password, and without asking anybody.
            HistoryStoreFactory.Open(store.Address, store.Options);
            return store;
        }
        catch (ArgumentException error)
        {
            throw Silent(node).Wrong($"cannot be opened: {PlainMessage.Of(error).TrimEnd('.')}");
        }
    }

    // A password that was written there by mistake is not repeated.
    private static string ReadVariable(DeclaredNode node) => VariableName().IsMatch(node.Text())
        ? node.Text()
        : throw Silent(node).Wrong(
            "must be the name of an environment variable: letters, digits and underscores, no digit first. It says where the password is, "
                + "and is not the password");

    [GeneratedRegex("^[A-Za-z_][A-Za-z0-9_]*\\z")]
    private static partial Regex VariableName();

    private static string? StampOf(string path) => new FileInfo(path) is { Exists: true } file
        ? string.Create(CultureInfo.InvariantCulture, $"{file.LastWriteTimeUtc.Ticks} {file.Length}")
        : null;

    // Nothing of it is repeated: what is written wrong may hold a password in any place.
    private static string ReadServer(DeclaredNode node)
    {
        string address = node.Text();
        if (!PostgreSqlConnectionString.IsMeant(address))
        {
            throw Silent(node).Wrong("is no address of a server. Write postgresql://user@host:5432/database, or 'path' for a file");
        }

        string? password;
        try
        {
            password = PostgreSqlConnectionString.Parse(address, credential: null).Password;
        }
        catch (ArgumentException error)
        {
            throw Silent(node).Wrong($"cannot be read: {PlainMessage.Of(error).TrimEnd('.')}");
        }

        return string.IsNullOrEmpty(password) ? address : throw Silent(node).Wrong(
            "holds a password, and a file that says what is kept is read by many. Leave it out, and put it into an environment variable "
                + "('passwordVariable') or into a file of its own ('passwordFile')");
    }

    private KeptSource ReadSource(string name, DeclaredNode node)
    {
        node.Only("kind", "baseUri", "name", "barsPerRequest", "bulk", "path", "delimiter", "culture", "header");
        DeclaredNode? kind = node.Optional("kind");
        DeclaredNode? path = node.Optional("path");
        string? said = kind?.Text() ?? (path is null ? name : null);
        string? profile = said is not null && SourceFactory.IsProfile(said) ? Path.Combine(folder, said) : null;
        var source = new KeptSource
        {
            Name = name,
            Kind = profile ?? said,
            Stamp = profile is null ? null : StampOf(profile),
            Options = new SourceOptions
            {
                Path = path is { } file ? PathOf(file) : null,
                BaseUri = node.Optional("baseUri") is { } uri ? ReadUri(uri) : null,
                Name = node.Optional("name")?.Text(),
                BarsPerRequest = node.Optional("barsPerRequest")?.Number(1, 1_000_000),
                UseBulkFiles = node.Optional("bulk")?.Flag() ?? true,
                Delimiter = node.Optional("delimiter") is { } delimiter
                    ? delimiter.Text() is [var only] ? only : throw delimiter.Wrong("must be one character")
                    : null,
                Culture = node.Optional("culture")?.Text(),
                Header = node.Optional("header")?.Items().Select(static column => column.Text()).ToArray(),
            },
        };
        Require(source, kind ?? node);
        return source;
    }

    private KeptSource SourceOf(DeclaredNode node)
    {
        string name = node.Text();
        if (_sources.TryGetValue(name, out KeptSource? source))
        {
            return source;
        }

        // An exchange that is taken as it is needs no entry of its own.
        if (!SourceFactory.Kinds.Any(kind => !kind.IsFile && kind.Name.Equals(name, StringComparison.OrdinalIgnoreCase)))
        {
            IEnumerable<string> known = _sources.Keys.Concat(SourceFactory.Kinds.Where(kind => !kind.IsFile).Select(kind => kind.Name));
            string meant = NearestNames.Ask(name, known) is { } ask ? $" {ask}" : string.Empty;
            throw node.Wrong($"is neither a key of 'sources' nor an exchange that qmtl exchanges lists.{meant} Declare it in 'sources'");
        }

        source = new KeptSource { Name = name, Kind = name };
        _sources.Add(name, source);
        return source;
    }

    private static void Require(KeptSource source, DeclaredNode node)
    {
        bool isFile = source.Options.Path is not null;
        SourceKind? kind = source.Kind is null ? null : Try(node, () => SourceFactory.Find(source.Kind));
        if (kind is not null && kind.IsFile != isFile)
        {
            throw node.Wrong(isFile
                ? "is asked over a network and reads no file. Leave 'path' out"
                : "is a kind of file, and names none. Give it a 'path'");
        }

        Try(node, () => source.Open());
    }

    private static T Try<T>(DeclaredNode node, Func<T> open)
    {
        try
        {
            return open();
        }
        catch (Exception error) when (error is ArgumentException or IOException or UnauthorizedAccessException)
        {
            throw node.Wrong($"cannot be opened: {PlainMessage.Of(error).TrimEnd('.')}");
        }
    }

    private IEnumerable<KeptStream> ReadStreams(DeclaredNode entry, DeclaredNode? defaults)
    {
        KeptSource source = SourceOf(Get("source") ?? throw entry.Wrong("lacks 'source', and 'defaults' has none either. Write it"));
        KeptStore store = Get("store") is { } named
            ? _stores.TryGetValue(named.Text(), out KeptStore? known)
                ? known
                : throw named.Wrong($"is no key of 'stores'. There are {PlainText.OneLine(string.Join(", ", _stores.Keys))}")
            : _stores.Count == 1 ? _stores.Values.Single() : throw entry.Wrong("lacks 'store', and there are several. Write which");
        DeclaredNode start = Get("start")
            ?? throw entry.Wrong("lacks 'start', and 'defaults' has none either. Write from when on it is kept");
        long first = ReadStart(start);
        TimeSpan? budget = Get("budget")?.Span();
        int compare = Get("compare")?.Number(0, MostCompared) ?? KeptStream.DefaultCompare;
        DeclaredNode intervals = Get("intervals")
            ?? throw entry.Wrong("lacks 'intervals', and 'defaults' has none either. Write them: [\"1m\"]");
        foreach ((string id, string? symbol, DeclaredNode node) in ReadNodes(entry.Required("nodes")))
        {
            foreach (BarInterval interval in ReadIntervals(intervals))
            {
                yield return new KeptStream
                {
                    Stream = Key(id, interval, node),
                    Source = source,
                    Store = store,
                    Symbol = symbol,
                    Start = first,
                    Budget = budget,
                    Compare = compare,
                };
            }
        }

        DeclaredNode? Get(string key) => entry.Optional(key) ?? defaults?.Optional(key);
    }

    // A list of node ids, which are the source's symbols, or an object of ids and symbols.
    private static IEnumerable<(string Id, string? Symbol, DeclaredNode Node)> ReadNodes(DeclaredNode nodes) =>
        nodes.Json.ValueKind == System.Text.Json.JsonValueKind.Object
            ? nodes.Members().Select(member => (member.Key, (string?)member.Value.Text(), member.Value))
            : nodes.Items().Select(item => (item.Text(), (string?)null, item));

    private static IEnumerable<BarInterval> ReadIntervals(DeclaredNode node) =>
        (node.IsText ? [node] : node.Items()).Select(static item => BarInterval.TryParse(item.Text(), out BarInterval interval)
            ? interval
            : throw item.Wrong("is no interval. Write 1s, 5m, 4h, 1d, 1w, 1M or 1d@08:00"));

    private static StreamKey Key(string id, BarInterval interval, DeclaredNode node)
    {
        try
        {
            return new StreamKey(id, interval);
        }
        catch (ArgumentException error)
        {
            throw Silent(node).Wrong($"names no node: {PlainMessage.Of(error).TrimEnd('.')}");
        }
    }

    private long ReadStart(DeclaredNode node)
    {
        try
        {
            return AskedTime.Parse(node.Scalar(), now).ToUnixTimeSeconds();
        }
        catch (FormatException error)
        {
            throw node.Wrong($"is no time: {error.Message.TrimEnd('.')}");
        }
    }

    private string PathOf(DeclaredNode node) => Path.GetFullPath(Path.Combine(folder, node.Text()));
}
