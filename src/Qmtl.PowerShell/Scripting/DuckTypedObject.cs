using System.Collections;
using System.Collections.ObjectModel;
using System.Management.Automation;
using Qmtl.PowerShell.Pipeline;

namespace Qmtl.PowerShell.Scripting;

/// <summary>
/// Calls the methods of an object of any origin: a PowerShell class, a PSCustomObject with ScriptMethods, or a .NET object whose
/// methods may return tasks. Script is taken to the pipeline thread; .NET code is not, so that it neither holds up the shell
/// nor is held up by it.
/// </summary>
/// <param name="target">The object.</param>
/// <exception cref="ArgumentException">The object was made with another copy of Qmtl.</exception>
internal sealed class DuckTypedObject(PSObject target)
{
    // Errors, and native programs' exit codes, are turned into terminating errors where the scope reaches, and into output where
    // it does not (code of another module), so that a source's failure can never pass for "there are no bars".
    private static readonly ScriptBlock CallBlock = ScriptBlock.Create(
        """
        param($Block, $Arguments)
        $ErrorActionPreference = 'Stop'
        $PSNativeCommandUseErrorActionPreference = $true
        & $Block @Arguments 2>&1
        """);

    private static readonly ScriptBlock CallMethod = ScriptBlock.Create(
        """
        param($Target, $Method, $Arguments)
        $ErrorActionPreference = 'Stop'
        $PSNativeCommandUseErrorActionPreference = $true
        & {
            if ($Arguments.Count -eq 0) { $Target.$Method() }
            elseif ($Arguments.Count -eq 2) { $Target.$Method($Arguments[0], $Arguments[1]) }
            else { $Target.$Method($Arguments[0], $Arguments[1], $Arguments[2], $Arguments[3]) }
        } 2>&1
        """);

    /// <summary>The object itself; two wrappers of one .NET object are one, and a PSCustomObject is its own wrapper.</summary>
    public object Identity { get; } = ForeignCopy.Describe(target) is { } problem
        ? throw new ArgumentException(problem)
        : target.BaseObject is PSCustomObject ? target : target.BaseObject;

    /// <summary>The type's name for people.</summary>
    public static string TypeName(PSObject target) => target.TypeNames.Count > 0 ? target.TypeNames[0] : target.BaseObject.GetType().ToString();

    /// <summary>A name for it: its property Name, or that of its class, which is the same in every process; null where it has neither.</summary>
    public string? Name => GetProperty("Name") as string ?? (target.BaseObject is PSCustomObject ? null : target.BaseObject.GetType().Name);

    /// <summary>The first of the names that the object has a method of (case is ignored), or null.</summary>
    public string? FindMethod(params IEnumerable<string> names) => names.FirstOrDefault(name => target.Methods[name] is not null);

    /// <summary>Whether the method is script: a ScriptMethod, or a method of a PowerShell class, whose type lives in a dynamic assembly.</summary>
    public bool IsScript(string method) => target.Methods[method] is PSScriptMethod || ScriptBound.IsScript(target.BaseObject.GetType());

    /// <summary>The value of the property (case is ignored), or null where there is none or it is null.</summary>
    public object? GetProperty(string name) => target.Properties[name]?.Value is { } value ? Unwrap(value) : null;

    /// <summary>The script of the method where it is a ScriptMethod, or null.</summary>
    public ScriptBlock? GetScript(string method) => (target.Methods[method] as PSScriptMethod)?.Script;

    /// <summary>Calls the method with none, two or four arguments and gives what it returned as a flat list; tasks are awaited.</summary>
    /// <exception cref="RuntimeException">The method failed, or wrote an error.</exception>
    public async Task<IReadOnlyList<object>> CallAsync(string method, object[] arguments, CancellationToken cancellationToken)
    {
        object? answer = IsScript(method)
            ? await PipelineDispatcher.InvokeScriptAsync(() => CallScript(method, arguments), cancellationToken)
            : await Task.Run(() => target.Methods[method].Invoke(arguments), cancellationToken);
        return await FlattenAsync(answer, cancellationToken);
    }

    /// <summary>Calls a method that is script, here on the pipeline thread, with none, two or four arguments, and gives what it wrote.</summary>
    /// <exception cref="RuntimeException">The method failed, or wrote an error.</exception>
    public IReadOnlyList<PSObject> CallScript(string method, params object?[] arguments) => RequireNoErrors(CallMethod.Invoke(target, method, arguments));

    /// <summary>Calls a script block and gives what it wrote as a flat list; tasks are awaited.</summary>
    /// <exception cref="RuntimeException">The script failed, or wrote an error.</exception>
    public static async Task<IReadOnlyList<object>> CallAsync(ScriptBlock script, object[] arguments, CancellationToken cancellationToken)
    {
        List<PSObject> answer = await PipelineDispatcher.InvokeScriptAsync(() => RequireNoErrors(CallBlock.Invoke(script, arguments)), cancellationToken);
        return await FlattenAsync(answer, cancellationToken);
    }

    /// <summary>The .NET object in a PSObject; a PSCustomObject stays what it is.</summary>
    public static object Unwrap(object value) => value is PSObject { BaseObject: not PSCustomObject and var inner } ? inner : value;

    private static List<PSObject> RequireNoErrors(Collection<PSObject> output)
    {
        var rows = new List<PSObject>(output.Count);
        foreach (PSObject item in output)
        {
            if (item?.BaseObject is not ErrorRecord error)
            {
                rows.Add(item!);
            }
            else if (!IsNativeText(error))
            {
                throw new ScriptErrorException(error);
            }
        }

        return rows;
    }

    // What a native program writes to its standard error is often no error, such as curl's progress; its exit code tells.
    private static bool IsNativeText(ErrorRecord error) => error.FullyQualifiedErrorId is "NativeCommandError" or "NativeCommandErrorMessage";

    private static async Task<IReadOnlyList<object>> FlattenAsync(object? answer, CancellationToken cancellationToken)
    {
        var flat = new List<object>();
        var pending = new Stack<object?>([answer]);
        while (pending.TryPop(out object? next))
        {
            object? value = next is null ? null : Unwrap(next);
            switch (value)
            {
                case null:
                    break;
                case Task task:
                    await task.WaitAsync(cancellationToken);
                    pending.Push(ResultOf(task));
                    break;
                case ValueTask task:
                    await task.AsTask().WaitAsync(cancellationToken);
                    break;
                case { } when value.GetType() is { IsGenericType: true } type && type.GetGenericTypeDefinition() == typeof(ValueTask<>):
                    pending.Push(type.GetMethod(nameof(ValueTask<>.AsTask))!.Invoke(value, null));
                    break;
                case IEnumerable items and not string and not IDictionary and not IEnumerable<KeyValuePair<string, object?>>:
                    foreach (object? item in items.Cast<object?>().Reverse())
                    {
                        pending.Push(item);
                    }

                    break;
                default:
                    // The wrapper carries members that script added, so it is kept.
                    flat.Add(next!);
                    break;
            }
        }

        return flat;
    }

    private static object? ResultOf(Task task)
    {
        // The result type of a plain Task is an internal one that stands for nothing.
        object? result = task.GetType().GetProperty(nameof(Task<>.Result))?.GetValue(task);
        return result?.GetType().Name == "VoidTaskResult" ? null : result;
    }
}
