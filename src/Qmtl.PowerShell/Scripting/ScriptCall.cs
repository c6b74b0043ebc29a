using System.Collections.ObjectModel;
using System.Globalization;
using System.Management.Automation;

namespace Qmtl.PowerShell.Scripting;

/// <summary>
/// One call of script on the pipeline thread. Whatever keeps it from running to its end is an error: a source that may not have run must
/// never pass for one that has no bars.
/// </summary>
internal static class ScriptCall
{
    // Far beyond what is meant: sources that build on one another are two or three deep. A stack that is used up ends the process.
    private const int Deepest = 16;

    // Errors, and native programs' exit codes, are turned into terminating errors where the scope reaches; where it does not (code of
    // another module), errors become output, and the last exit code is told behind the mark that shows that the end was reached.
    private const string Frame =
        """
        param($Target, $Method, $Arguments, $End)
        $ErrorActionPreference = 'Stop'
        $PSNativeCommandUseErrorActionPreference = $true
        $before = $global:LASTEXITCODE
        $global:LASTEXITCODE = 0
        try {
            & { CALL } 2>&1
            $End
            $global:LASTEXITCODE
        }
        finally {
            $global:LASTEXITCODE = $before
        }
        """;

    private static readonly ScriptBlock CallBlock = FrameOf("& $Target @Arguments");

    private static readonly ScriptBlock CallMethod = FrameOf(
        """
        if ($Arguments.Count -eq 0) { $Target.$Method() }
        elseif ($Arguments.Count -eq 2) { $Target.$Method($Arguments[0], $Arguments[1]) }
        else { $Target.$Method($Arguments[0], $Arguments[1], $Arguments[2], $Arguments[3]) }
        """);

    // What the thread is in the middle of, the outermost first.
    [ThreadStatic]
    private static List<(object Identity, string? Method, string Stream)>? _underWay;

    /// <summary>Calls a script block for what it has of a stream, which its last two arguments name.</summary>
    /// <inheritdoc cref="Ask(PSObject, string, object[], object)" path="/exception"/>
    public static List<PSObject> Ask(ScriptBlock script, object[] arguments) =>
        AskOnce(script, null, arguments, () => Run(CallBlock, script, null, arguments));

    /// <summary>Calls a method for what it has of a stream, which its last two arguments name.</summary>
    /// <exception cref="RuntimeException">The method failed, or wrote an error.</exception>
    /// <exception cref="InvalidOperationException">It did not run to its end, a program that it called failed and there is nothing else, or
    /// it calls itself.</exception>
    public static List<PSObject> Ask(PSObject target, string method, object[] arguments, object identity) =>
        AskOnce(identity, method, arguments, () => Run(target, method, arguments));

    /// <summary>
    /// Calls a method, and gives what it wrote and the exit code of the last program that it called (0 where it called none).
    /// </summary>
    /// <exception cref="RuntimeException">The method failed, or wrote an error.</exception>
    /// <exception cref="InvalidOperationException">It did not run to its end.</exception>
    public static (List<PSObject> Written, int ExitCode) Run(PSObject target, string method, object?[] arguments) =>
        Run(CallMethod, target, method, arguments);

    private static ScriptBlock FrameOf(string call) => ScriptBlock.Create(Frame.Replace("CALL", call, StringComparison.Ordinal));

    private static List<PSObject> AskOnce(
        object identity, string? method, object[] arguments, Func<(List<PSObject> Written, int ExitCode)> call)
    {
        List<(object Identity, string? Method, string Stream)> underWay = _underWay ??= [];
        string stream = string.Create(CultureInfo.InvariantCulture, $"{arguments[^2]} {arguments[^1]}");
        if (underWay.Any(other => ReferenceEquals(other.Identity, identity) && other.Method == method && other.Stream == stream))
        {
            throw new InvalidOperationException(
                $"its script asks, itself or through others that it calls, for the bars of {stream} that it is just being asked for, which "
                    + $"would never end. Take them there from another source or provider");
        }

        if (underWay.Count == Deepest)
        {
            throw new InvalidOperationException(
                $"{Deepest} scripts of sources and providers wait for one another, and for {stream} one more is called. They must not ask "
                    + $"one another in a circle");
        }

        underWay.Add((identity, method, stream));
        try
        {
            (List<PSObject> written, int exitCode) = call();
            return written.Count > 0 || exitCode == 0
                ? written
                : throw new InvalidOperationException(
                    $"it gave nothing, and the last program or script that it called ended with exit code {exitCode}, so it may not know "
                        + $"what there is. Set $global:LASTEXITCODE to 0 where that means that there are no bars");
        }
        finally
        {
            underWay.RemoveAt(underWay.Count - 1);
        }
    }

    private static (List<PSObject> Written, int ExitCode) Run(ScriptBlock frame, object target, string? method, object?[] arguments)
    {
        var end = new object();
        Collection<PSObject> output = frame.Invoke(target, method, arguments, end);
        var written = new List<PSObject>(output.Count);
        for (int i = 0; i < output.Count; i++)
        {
            switch (output[i]?.BaseObject)
            {
                case { } mark when ReferenceEquals(mark, end) && i == output.Count - 2:
                    return (written, output[i + 1]?.BaseObject as int? ?? 0);
                case ErrorRecord error when IsNativeText(error):
                    break;
                case ErrorRecord error:
                    throw new ScriptErrorException(error);
                default:
                    written.Add(output[i]!);
                    break;
            }
        }

        throw new InvalidOperationException("it did not run to its end, so what it gave may not be all");
    }

    // What a native program writes to its standard error is often no error, such as curl's progress; its exit code tells.
    private static bool IsNativeText(ErrorRecord error) =>
        error.FullyQualifiedErrorId is "NativeCommandError" or "NativeCommandErrorMessage";
}
