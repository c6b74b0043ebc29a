using System.CommandLine;
using Qmtl.Cli.Hosting;
using Qmtl.Data;
using Qmtl.History;

namespace Qmtl.Cli.Commands;

/// <summary>
/// The options that say which store: <c>--store</c>, <c>--table</c>, <c>--store-kind</c>, <c>--http-uri</c>, <c>--password-file</c>.
/// </summary>
internal sealed class StoreOptions
{
    private const string StoreVariable = "QMTL_STORE";
    private static readonly TimeSpan CompletionPatience = TimeSpan.FromSeconds(1);

    private readonly CliHost _host;

    private readonly Option<string?> _store = new("--store")
    {
        Description =
            $"A file (SQLite), postgresql://user@host:port/db, or Npgsql's own form (Host=…;Database=…). Default: the environment variable "
                + $"{StoreVariable}.",
        HelpName = "path-or-dsn",
    };

    private readonly Option<string?> _table = new("--table")
    {
        Description = "The table of all streams. Default: a table per node, named by its id.",
        HelpName = "name",
    };

    private readonly Option<string?> _kind = new("--store-kind")
    {
        Description =
            $"Which database --store names: {OptionParsing.Listed(HistoryStoreFactory.KindNames)}. Default: auto, where a server is asked.",
        HelpName = "kind",
    };

    private readonly Option<string?> _httpUri = new("--http-uri")
    {
        Description = "QuestDB's HTTP server, for bulk writes. Default: port 9000 of the server's host.",
        HelpName = "uri",
    };

    private readonly Option<string?> _passwordFile = new("--password-file")
    {
        Description = "A file whose first line is the store's password. PGPASSWORD works too; both keep it out of the process list.",
        HelpName = "file",
    };

    public StoreOptions(Command command, CliHost host)
    {
        _host = host;
        OptionParsing.AcceptNames(_kind, HistoryStoreFactory.KindNames);
        command.Options.Add(_store);
        command.Options.Add(_table);
        command.Options.Add(_kind);
        command.Options.Add(_httpUri);
        command.Options.Add(_passwordFile);
    }

    /// <summary>
    /// The streams of the store that a line which is being typed names, for completion: none where it names none, or does not answer
    /// at once. Nothing is made, and nothing thrown.
    /// </summary>
    public static IReadOnlyList<StreamKey> Complete(ParseResult arguments, CliHost host)
    {
        try
        {
            string? name = arguments.GetValue<string?>("--store") ?? host.GetEnvironmentVariable(StoreVariable);
            IHistoryStore store = HistoryStoreFactory.Open(name!);
            using var patience = new CancellationTokenSource(CompletionPatience);
            return store.Info.FilePath is { } path && !File.Exists(path) ? [] : Task.Run(async () =>
            {
                await using (store)
                {
                    return await store.GetStreamsAsync(patience.Token);
                }
            }).WaitAsync(CompletionPatience).GetAwaiter().GetResult();
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            return [];
        }
    }

    /// <summary>Opens the store that the arguments name.</summary>
    /// <exception cref="UsageException">No store is named, its name is wrong, or the password file cannot be read.</exception>
    public IHistoryStore Open(ParseResult arguments)
    {
        string? store = arguments.GetValue(_store) ?? _host.GetEnvironmentVariable(StoreVariable);
        if (string.IsNullOrWhiteSpace(store))
        {
            throw new UsageException($"Which store? Give --store a file path or a connection string, or set {StoreVariable}.");
        }

        try
        {
            return HistoryStoreFactory.Open(store, new HistoryStoreOptions
            {
                Table = arguments.GetValue(_table),
                Credential = arguments.GetValue(_passwordFile) is { } file ? HistoryStoreOptions.CredentialIn(file) : null,
                Kind = arguments.GetValue(_kind),
                HttpUri = ReadUri(arguments.GetValue(_httpUri)),
            });
        }
        catch (ArgumentException exception)
        {
            throw UsageException.From(exception);
        }
    }

    /// <summary>Opens the store that the arguments name, for a command that only reads.</summary>
    /// <exception cref="UsageException">As <see cref="Open"/>, or the store is a file that does not exist.</exception>
    public IHistoryStore OpenExisting(ParseResult arguments) => RequireExisting(Open(arguments), _store.Name);

    /// <summary>A store that an option names, and that is to be there.</summary>
    /// <exception cref="UsageException">It is a file that does not exist.</exception>
    public static IHistoryStore RequireExisting(IHistoryStore store, string option) =>
        store.Info.FilePath is not { } path || File.Exists(path) ? store : throw new UsageException(Directory.Exists(path)
            ? $"'{path}' is a folder. Name the store's file in it with {option}."
            : $"There is no store '{path}'. Check {option}; qmtl backfill creates one.");

    private static Uri? ReadUri(string? text)
    {
        if (text is null)
        {
            return null;
        }

        return Uri.TryCreate(text, UriKind.Absolute, out Uri? uri)
            ? uri
            : throw new UsageException($"'{text}' is not an address. Give --http-uri one of the form http://host:9000.");
    }
}
