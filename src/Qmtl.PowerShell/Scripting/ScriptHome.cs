using System.Management.Automation;
using System.Management.Automation.Runspaces;
using System.Reflection;
using Qmtl.Streams;

namespace Qmtl.PowerShell.Scripting;

/// <summary>The runspace that a piece of script belongs to: the only one where it may be called.</summary>
/// <remarks>
/// A script block, and an object of a PowerShell class, belong to the runspace that made them. PowerShell hands a call from another one
/// over to it and waits until it has nothing else to do: without end, where it waits for the caller in turn, and now and then it gives
/// nothing back at once, which would pass for "there are no bars". It tells in no public way whose they are.
/// </remarks>
internal sealed class ScriptHome
{
    private const BindingFlags Hidden = BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public;

    private readonly string _what;
    private readonly Runspace? _owner;

    private ScriptHome(string what, Runspace? owner)
    {
        _what = what;
        _owner = owner;
    }

    /// <summary>Where something that may be script belongs.</summary>
    /// <param name="value">A script block, a node, an object of a PowerShell class or with script methods; anything else belongs
    /// nowhere.</param>
    /// <param name="what">What it is, as a sentence's subject.</param>
    public static ScriptHome Of(object value, string what)
    {
        Runspace? here = Runspace.DefaultRunspace;
        Runspace? owner = null;
        foreach (object part in PartsOf(value))
        {
            // Of several, one that is not here is enough for a refusal.
            if (OwnerOf(part) is { } found && (owner is null || owner == here))
            {
                owner = found;
            }
        }

        return new ScriptHome(what, owner);
    }

    /// <summary>Refuses a call on the calling thread, where that is not the runspace's.</summary>
    /// <exception cref="InvalidOperationException">The thread has another runspace, or none.</exception>
    public void Require()
    {
        if (_owner is not null && _owner != Runspace.DefaultRunspace)
        {
            throw new InvalidOperationException(
                $"{_what} is script of another runspace and can run only there. Make it where it is used: inside the thread job, the "
                    + $"parallel block or the [powershell] object.");
        }
    }

    // All of an object that is script, by itself or in members that were added to it.
    private static IEnumerable<object> PartsOf(object value)
    {
        yield return value is PSObject wrapped ? wrapped.BaseObject : value;
        foreach (PSMemberInfo member in value is PSObject target ? target.Members : Enumerable.Empty<PSMemberInfo>())
        {
            ScriptBlock? script = member switch
            {
                PSScriptMethod method => method.Script,
                PSScriptProperty property => property.GetterScript,
                _ => null,
            };
            if (script is not null)
            {
                yield return script;
            }
        }
    }

    // A script block of [scriptblock]::Create, and a class with NoRunspaceAffinity, belong to none.
    private static Runspace? OwnerOf(object value)
    {
        object? state = value switch
        {
            ScriptBlock script => StateOf(script),
            ComputeNode { Function.Target: { } compiled } =>
                (compiled.GetType().GetField("Constants")?.GetValue(compiled) as object[])?
                    .OfType<ScriptBlock>().Select(StateOf).FirstOrDefault(),
            _ when ScriptBound.IsScript(value.GetType()) => StateOfInstance(value),
            _ => null,
        };
        return Read(Read(state, "ExecutionContext"), "CurrentRunspace") as Runspace;
    }

    private static object? StateOf(ScriptBlock script) => Read(script, "SessionStateInternal");

    private static object? StateOfInstance(object instance)
    {
        for (Type? type = instance.GetType(); type is not null && ScriptBound.IsScript(type); type = type.BaseType)
        {
            if (type.GetField("__sessionState", Hidden)?.GetValue(instance) is { } state)
            {
                return state;
            }
        }

        return null;
    }

    private static object? Read(object? value, string property) => value?.GetType().GetProperty(property, Hidden)?.GetValue(value);
}
