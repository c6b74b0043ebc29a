using System.Text;
using Qmtl.Cli;
using Qmtl.Cli.Hosting;
using Spectre.Console;

namespace Qmtl.Unit.Cli;

/// <summary>What one command line came to.</summary>
/// <param name="ExitCode">The process's exit code.</param>
/// <param name="Output">Standard output.</param>
/// <param name="Error">Standard error.</param>
internal sealed record CliOutcome(int ExitCode, string Output, string Error)
{
    /// <summary>The lines of standard output, without the last line's end.</summary>
    public string[] Lines => Output.Length == 0 ? [] : Output.TrimEnd('\n').Split('\n');
}

/// <summary>Runs the command line inside the test's process, with output redirected and an environment of its own.</summary>
internal static class CliRunner
{
    /// <summary>Runs a command line in an empty environment.</summary>
    public static Task<CliOutcome> RunAsync(params string[] arguments) => RunAsync([], arguments);

    /// <summary>
    /// Runs a command line in an environment of the given variables; where it is said so, with standard error before a person's eyes.
    /// </summary>
    public static async Task<CliOutcome> RunAsync(Dictionary<string, string> environment, string[] arguments, bool isErrorTerminal = false, CancellationToken cancellationToken = default)
    {
        // One buffer for both, so that a test sees what a pipe would see.
        using var output = new MemoryStream();
        await using var text = new StreamWriter(output, new UTF8Encoding(false)) { AutoFlush = true };
        using var error = new StringWriter();
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.No,
            ColorSystem = ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(text),
        });
        console.Profile.Width = 200;
        var host = new CliHost { Console = console, Output = output, Error = error, GetEnvironmentVariable = environment.GetValueOrDefault, IsErrorTerminal = isErrorTerminal };
        int code = await QmtlCommandLine.RunAsync(arguments, host, cancellationToken);
        return new CliOutcome(code, Encoding.UTF8.GetString(output.ToArray()), error.ToString());
    }
}
