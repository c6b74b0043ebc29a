using System.Collections;
using System.Management.Automation;
using Qmtl.Backfill;
using Qmtl.Data;

namespace Qmtl.PowerShell.Arguments;

/// <summary>What completion knows of the store that a command line names.</summary>
internal static class NamedStore
{
    // Completion happens between two keystrokes; a store that takes longer is not asked to the end.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>The provider on the command line, or else the default; null where there is none.</summary>
    public static IHistoryProvider? Of(IDictionary bound)
    {
        try
        {
            object? given = bound["Provider"] ?? bound["HistoryProvider"];
            return (given is PSObject wrapped ? wrapped.BaseObject : given) switch
            {
                IHistoryProvider provider => provider,
                string text => StoreName.TryOpenExisting(text) ?? DefaultProvider.Current,
                _ => DefaultProvider.Current,
            };
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // There is nowhere to report to between two keystrokes, and the command itself will say what is wrong.
            return null;
        }
    }

    /// <summary>Its streams; none where it cannot say quickly.</summary>
    public static IReadOnlyList<StreamKey> StreamsOf(IHistoryProvider? provider)
    {
        if (provider is null)
        {
            return [];
        }

        using var patience = new CancellationTokenSource(Patience);
        try
        {
            return Task.Run(() => provider.GetStreamsAsync(patience.Token), patience.Token).WaitAsync(Patience).GetAwaiter().GetResult();
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            return [];
        }
    }
}
