using Qmtl.Streams;

namespace Qmtl.PowerShell.Scripting;

/// <summary>
/// Tells what is script in the guise of .NET, which runs on PowerShell's pipeline thread only: elsewhere it waits for that thread, or has
/// no runspace.
/// </summary>
internal static class ScriptBound
{
    /// <summary>Whether a node may compute on any thread: not where a PowerShell class or a script block is its code.</summary>
    public static bool CanComputeInParallel(Node node) =>
        !IsScript(node.GetType()) && !(node is ComputeNode compute && IsScript(compute.Function));

    /// <summary>
    /// Whether the type is a PowerShell class: those, and hardly any other, live in assemblies that are made while the program runs.
    /// </summary>
    public static bool IsScript(Type type) => type.Assembly.IsDynamic;

    // PowerShell makes a delegate of a script block by compiling a method that belongs to no type. So do some programs: theirs could run
    // anywhere, and are merely not at once with others.
    private static bool IsScript(Delegate function) => function.Method.DeclaringType is not { } type || IsScript(type);
}
