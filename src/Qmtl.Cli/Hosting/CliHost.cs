using Qmtl.Cli.Logging;
using Spectre.Console;

namespace Qmtl.Cli.Hosting;

/// <summary>The world outside the command line: its streams, its clock and its environment. Tests bring their own.</summary>
internal sealed record CliHost : IAsyncDisposable
{
    // Wide enough that nothing wraps in a log file; a terminal says its own width.
    private const int RedirectedWidth = 10_000;

    /// <summary>Standard output for people: tables and the live display.</summary>
    public required IAnsiConsole Console { get; init; }

    /// <summary>
    /// Standard output for machines: JSON lines and CSV, in UTF-8. It is buffered; <see cref="DisposeAsync"/> flushes it.
    /// </summary>
    public required Stream Output { get; init; }

    /// <summary>Standard error. What is said there goes through <see cref="Log"/>, a line each.</summary>
    public required TextWriter Error { get; init; }

    /// <summary>Whether a person watches standard error; false by default.</summary>
    public bool IsErrorTerminal { get; init; }

    /// <summary>The log, on standard error.</summary>
    public ErrorLog Log => field ??= new ErrorLog(Error, TimeProvider) { IsWatched = IsErrorTerminal };

    /// <summary>The clock for "closed" and "settled".</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Reads an environment variable; null where it is not set.</summary>
    public Func<string, string?> GetEnvironmentVariable { get; init; } = Environment.GetEnvironmentVariable;

    /// <summary>Whether a person watches standard output.</summary>
    public bool IsTerminal => Console.Profile.Out.IsTerminal;

    /// <summary>Whether a display may be redrawn in place.</summary>
    public bool IsLive => IsTerminal && Console.Profile.Capabilities is { Ansi: true, Interactive: true };

    /// <summary>Whether blocks and other characters beyond ASCII can be shown; never where output is redirected.</summary>
    public bool IsUnicode => IsTerminal && Console.Profile.Capabilities.Unicode;

    /// <summary>The process's own streams, clock and environment.</summary>
    public static CliHost ForProcess()
    {
        System.Console.SetOut(
            new StreamWriter(new StandardOutput(System.Console.OpenStandardOutput()), System.Console.Out.Encoding, bufferSize: 256)
            {
                AutoFlush = true,
            });

        // Spectre recognises redirection by the identity of Console.Out, and honours NO_COLOR by itself.
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(System.Console.Out) });
        if (!console.Profile.Out.IsTerminal)
        {
            console.Profile.Width = RedirectedWidth;
        }

        return new CliHost
        {
            Console = console,
            Output = new BufferedStream(StandardOutput.Open(), 64 * 1024),
            Error = System.Console.Error,
            IsErrorTerminal = !System.Console.IsErrorRedirected,
        };
    }

    /// <summary>Says something to the operator, as <see cref="ErrorLog.WriteMessage"/> does.</summary>
    public void WriteDiagnostic(string severity, string message) =>
        Log.WriteMessage(severity, message);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await Output.FlushAsync();
        }
        catch (IOException)
        {
            // The command line has told of it already; what is left in the buffer has nowhere to go.
        }
    }
}
