using System.Management.Automation.Runspaces;
using System.Runtime.CompilerServices;
using Qmtl.Backfill;

namespace Qmtl.PowerShell.Arguments;

/// <summary>The provider of commands that are given none: one for each runspace, because script of one cannot run in another.</summary>
internal static class DefaultProvider
{
    private static readonly ConditionalWeakTable<Runspace, IHistoryProvider> OfRunspaces = [];

    /// <summary>This runspace's; null where there is none, as in the beginning.</summary>
    public static IHistoryProvider? Current
    {
        get => Runspace.DefaultRunspace is { } here && OfRunspaces.TryGetValue(here, out IHistoryProvider? provider) ? provider : null;
        set
        {
            Runspace here = Runspace.DefaultRunspace ?? throw new InvalidOperationException("This thread has no runspace.");
            OfRunspaces.Remove(here);
            if (value is not null)
            {
                OfRunspaces.Add(here, value);
            }
        }
    }
}
