using System.Collections;
using System.Management.Automation;
using Qmtl.Data;
using Qmtl.PowerShell.Pipeline;

namespace Qmtl.PowerShell.Scripting;

/// <summary>
/// Calls the methods of an object of any origin: a PowerShell class, a PSCustomObject with ScriptMethods, or a .NET object whose
/// methods may return tasks. Script is taken to the pipeline thread; .NET code is not, so that it neither holds up the shell
/// nor is held up by it.
/// </summary>
/// <param name="target">The object.</param>
/// <exception cref="ArgumentException">The object was made with another copy of Qmtl.</exception>
/// <exception cref="InvalidOperationException">It is script of another runspace.</exception>
internal sealed class DuckTypedObject(PSObject target)
{
    private readonly ScriptHome _home = HomeOf(target);

    /// <summary>The object itself; two wrappers of one .NET object are one, and a PSCustomObject is its own wrapper.</summary>
    public object Identity { get; } = ForeignCopy.Describe(target) is { } problem
        ? throw new ArgumentException(problem)
        : target.BaseObject is PSCustomObject ? target : target.BaseObject;

    /// <summary>The type's name for people.</summary>
    public static string TypeName(PSObject target) =>
        target.TypeNames.Count > 0 ? target.TypeNames[0] : target.BaseObject.GetType().ToString();

    /// <summary>
    /// A name for it: its property Name, or that of its class, which is the same in every process; null where it has neither.
    /// </summary>
    public string? Name => GetProperty("Name") as string ?? (target.BaseObject is PSCustomObject ? null : target.BaseObject.GetType().Name);

    /// <summary>The first of the names that the object has a method of (case is ignored), or null.</summary>
    public string? FindMethod(params IEnumerable<string> names) => names.FirstOrDefault(name => target.Methods[name] is not null);

    /// <summary>The first of the names that the object has a method of which gives something back, or null.</summary>
    /// <exception cref="ArgumentException">The method is declared to give nothing: a method of a PowerShell class without a type is
    /// one.</exception>
    public string? FindAnsweringMethod(params IEnumerable<string> names)
    {
        string? found = FindMethod(names);
        return found is not null
            && target.Methods[found].OverloadDefinitions.All(definition => definition.StartsWith("void ", StringComparison.Ordinal))
            ? throw new ArgumentException(
                $"The method {found} of {TypeName(target)} is declared without a type, so what it writes reaches nobody. Declare it "
                    + $"[object[]] {found}(...) and return what it has to give.")
            : found;
    }

    /// <summary>
    /// Whether the method is script: a ScriptMethod, or a method of a PowerShell class, whose type lives in a dynamic assembly.
    /// </summary>
    public bool IsScript(string method) => target.Methods[method] is PSScriptMethod || ScriptBound.IsScript(target.BaseObject.GetType());

    /// <summary>The value of the property (case is ignored), or null where there is none or it is null.</summary>
    public object? GetProperty(string name) => target.Properties[name]?.Value is { } value ? Unwrap(value) : null;

    /// <summary>The script of the method where it is a ScriptMethod, or null.</summary>
    public ScriptBlock? GetScript(string method) => (target.Methods[method] as PSScriptMethod)?.Script;

    /// <summary>
    /// Calls the method with two or four arguments, of which the last two name the stream, and gives what it returned as a flat list; tasks
    /// are awaited.
    /// </summary>
    /// <exception cref="RuntimeException">The method failed, or wrote an error.</exception>
    /// <exception cref="InvalidOperationException">It is script of another runspace, may not have run to its end, or calls
    /// itself.</exception>
    public async Task<IReadOnlyList<object>> CallAsync(string method, object[] arguments, CancellationToken cancellationToken) =>
        (await AnswerAsync(method, arguments, cancellationToken)).Flat;

    /// <summary>
    /// Like <see cref="CallAsync(string, object[], CancellationToken)"/>, for a method that answers rows: a null alone is no answer.
    /// </summary>
    /// <inheritdoc cref="CallAsync(string, object[], CancellationToken)" path="/exception"/>
    public async Task<IReadOnlyList<object>> FetchAsync(string method, object[] arguments, CancellationToken cancellationToken) =>
        RequireAnswer(await AnswerAsync(method, arguments, cancellationToken));

    private async Task<(List<object> Flat, bool HasNull)> AnswerAsync(
        string method, object[] arguments, CancellationToken cancellationToken)
    {
        object? answer = IsScript(method)
            ? await PipelineDispatcher.InvokeScriptAsync(() => AskScript(method, arguments), cancellationToken)
            : await Task.Run(() => target.Methods[method].Invoke(arguments), cancellationToken);
        return await FlattenAsync(answer, cancellationToken);
    }

    /// <summary>
    /// Calls a method that is script, here on the pipeline thread, with none, two or four arguments, and gives what it wrote.
    /// </summary>
    /// <exception cref="RuntimeException">The method failed, or wrote an error.</exception>
    /// <exception cref="InvalidOperationException">It is script of another runspace.</exception>
    public IReadOnlyList<PSObject> CallScript(string method, params object?[] arguments)
    {
        _home.Require();
        return ScriptCall.Run(target, method, arguments).Written;
    }

    /// <summary>Tells the object of which stream it is to be, where it has a method for that.</summary>
    public void BindStream(StreamKey stream)
    {
        if (FindMethod("BindStream", "bind_stream") is { } bind)
        {
            CallScript(bind, stream.NodeId, stream.Interval);
        }
    }

    /// <summary>
    /// Calls a script block, of whose four arguments the last two name the stream, and gives what it wrote as a flat list; tasks are
    /// awaited.
    /// </summary>
    /// <exception cref="RuntimeException">The script failed, or wrote an error.</exception>
    /// <exception cref="InvalidOperationException">It is script of another runspace, may not have run to its end, calls itself, or gave a
    /// null alone.</exception>
    public static async Task<IReadOnlyList<object>> FetchAsync(ScriptBlock script, object[] arguments, CancellationToken cancellationToken)
    {
        List<PSObject> answer = await PipelineDispatcher.InvokeScriptAsync(
            () =>
            {
                ScriptHome.Of(script, "The script block").Require();
                return ScriptCall.Ask(script, arguments);
            },
            cancellationToken);
        return RequireAnswer(await FlattenAsync(answer, cancellationToken));
    }

    /// <summary>The .NET object in a PSObject; a PSCustomObject stays what it is.</summary>
    public static object Unwrap(object value) => value is PSObject { BaseObject: not PSCustomObject and var inner } ? inner : value;

    // At once: what reads its properties, some of which may be script, comes right behind.
    private static ScriptHome HomeOf(PSObject target)
    {
        var home = ScriptHome.Of(target, $"The object of type {TypeName(target)}");
        home.Require();
        return home;
    }

    private List<PSObject> AskScript(string method, object[] arguments)
    {
        _home.Require();
        return ScriptCall.Ask(target, method, arguments, Identity);
    }

    // A null is what is left of many mistakes, such as a property that an error's answer does not have. It must not pass for "no bars".
    private static List<object> RequireAnswer((List<object> Flat, bool HasNull) answer) => answer is { Flat.Count: 0, HasNull: true }
        ? throw new InvalidOperationException(
            "it gave null, which may be anything. Where there are no bars, it must write nothing or an empty array")
        : answer.Flat;

    private static async Task<(List<object> Flat, bool HasNull)> FlattenAsync(object? answer, CancellationToken cancellationToken)
    {
        var flat = new List<object>();
        bool hasNull = false;
        var pending = new Stack<object?>([answer]);
        while (pending.TryPop(out object? next))
        {
            object? value = next is null ? null : Unwrap(next);
            switch (value)
            {
                case null:
                    hasNull = true;
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

        return (flat, hasNull);
    }

    private static object? ResultOf(Task task)
    {
        // The result type of a plain Task is an internal one that stands for nothing.
        object? result = task.GetType().GetProperty(nameof(Task<>.Result))?.GetValue(task);
        return result?.GetType().Name == "VoidTaskResult" ? null : result;
    }
}
