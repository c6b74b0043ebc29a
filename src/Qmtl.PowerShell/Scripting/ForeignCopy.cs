using System.Management.Automation;
using System.Reflection;
using Qmtl.History;
using Qmtl.Strategies;

namespace Qmtl.PowerShell.Scripting;

/// <summary>
/// Tells objects that were made with another copy of Qmtl than the module's: .NET holds the types of two copies for different ones, so
/// that such a strategy is no strategy here, although it is called one.
/// </summary>
/// <remarks>
/// The module gives its own copy to every assembly that asks for Qmtl. It cannot where another was there first: loaded by name, or by an
/// assembly that was used before the module was imported.
/// </remarks>
internal static class ForeignCopy
{
    private static readonly Assembly[] Own = [typeof(IHistoryStore).Assembly, typeof(Strategy).Assembly];

    /// <summary>What is wrong with an object that was made with another copy, in whole sentences; null where it was not.</summary>
    public static string? Describe(object value)
    {
        Type type = (value is PSObject wrapped ? wrapped.BaseObject : value).GetType();
        (Assembly Foreign, Assembly Own)? pair = AssembliesOf(type)
            .SelectMany(_ => Own, (foreign, own) => (Foreign: foreign, Own: own))
            .Where(pair => pair.Foreign != pair.Own && pair.Foreign.GetName().Name == pair.Own.GetName().Name)
            .Cast<(Assembly, Assembly)?>()
            .FirstOrDefault();
        return pair is var (foreign, own)
            ? $"{type} is of another copy of {own.GetName().Name} ('{foreign.Location}') than the module's ('{own.Location}'), "
                + "and .NET holds their types for different ones. In a new shell import Qmtl first, then load your own assembly alone, "
                + "for example with Add-Type -Path, and not the Qmtl assemblies beside it."
            : null;
    }

    private static IEnumerable<Assembly> AssembliesOf(Type type)
    {
        for (Type? level = type; level is not null; level = level.BaseType)
        {
            yield return level.Assembly;
        }

        foreach (Type contract in type.GetInterfaces())
        {
            yield return contract.Assembly;
        }
    }
}
