using System.Collections.Concurrent;
using System.Management.Automation;
using System.Text.RegularExpressions;
using Qmtl.Backfill;
using Qmtl.History;
using Qmtl.Messages;

namespace Qmtl.PowerShell.Arguments;

/// <summary>Opens the store that a text names: a file's path, a connection string, or a provider's name as our objects carry it.</summary>
internal static partial class StoreName
{
    // A text always is the same provider, so that what comes object by object is put together.
    private static readonly ConcurrentDictionary<string, StoreHistoryProvider> Opened = new(StringComparer.Ordinal);

    /// <summary>
    /// Whether the text can name nothing but a store, rather than a node: it is written as one, or a file of its name is there.
    /// </summary>
    public static bool IsMeant(string text, EngineIntrinsics engine) =>
        WrittenAsStore().IsMatch(text) || text.Contains('=') || File.Exists(FileOf(text, engine));

    /// <summary>The provider over the store, without a source.</summary>
    /// <exception cref="ArgumentException">The text names no store.</exception>
    public static IHistoryProvider Open(string text, EngineIntrinsics engine)
    {
        if (!IsMeant(text, engine))
        {
            throw new ArgumentException(
                $"'{PlainText.OneLine(text, 60)}' is no store: there is no file of that name here. Give the path of a store's file "
                    + "(for a new "
                    + $"one, ./{PlainText.OneLine(text, 60)}.db), a connection string, or a provider of New-QmtlHistoryProvider.");
        }

        bool isServer = text.Contains("://", StringComparison.Ordinal) || text.Contains('=')
            || text.StartsWith("sqlite:", StringComparison.OrdinalIgnoreCase);
        return Opened.GetOrAdd(
            isServer || MistypedServer.IsMeant(text) ? text : FileOf(text, engine),
            static name => new StoreHistoryProvider(HistoryStoreFactory.Open(name)));
    }

    /// <summary>The provider over a store's file, for completion, which has no session to ask; null where there is no such file.</summary>
    public static IHistoryProvider? TryOpenExisting(string text)
    {
        using var shell = System.Management.Automation.PowerShell.Create(RunspaceMode.CurrentRunspace);
        string? here = shell.AddScript("$PWD.ProviderPath").Invoke<string>().FirstOrDefault();
        string path = text.StartsWith("sqlite:", StringComparison.OrdinalIgnoreCase) ? text["sqlite:".Length..] : text;
        return here is not null && Path.GetFullPath(path, here) is var file && File.Exists(file)
            ? Opened.GetOrAdd(file, static name => new StoreHistoryProvider(HistoryStoreFactory.Open(name)))
            : null;
    }

    private static string FileOf(string text, EngineIntrinsics engine)
    {
        try
        {
            return engine.SessionState.Path.GetUnresolvedProviderPathFromPSPath(text);
        }
        catch (Exception exception) when (exception is RuntimeException or ArgumentException)
        {
            // A drive that there is not.
            return text;
        }
    }

    [GeneratedRegex(@"^(\.{1,2}[/\\]|~|[/\\]|[a-z]:[/\\]|[a-z]+://|sqlite:)|\.(db3?|sqlite3?)$", RegexOptions.IgnoreCase)]
    private static partial Regex WrittenAsStore();
}
