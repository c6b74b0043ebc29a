using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using Qmtl.Cli.Commands;
using Qmtl.Cli.Demo;
using Qmtl.Cli.Hosting;
using Qmtl.Cluster;
using Qmtl.Fetching;
using Qmtl.History;
using Qmtl.Messages;

namespace Qmtl.Cli;

/// <summary>The <c>qmtl</c> command line: parses, runs a command, and turns whatever comes of it into an exit code.</summary>
internal static class QmtlCommandLine
{
    /// <summary>Runs one command line to its end.</summary>
    /// <returns>One of <see cref="ExitCode"/>. It never throws.</returns>
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, CliHost host, CancellationToken cancellationToken)
    {
        // A node id may begin with @, so arguments are never read from response files.
        (RootCommand root, LogOptions logging) = CreateRoot(host);
        ParseResult parsed = root.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Action is ParseErrorAction or null)
        {
            foreach (string problem in parsed.Errors.Select(error => error.Message).Distinct())
            {
                host.WriteDiagnostic("error", WithNearest(problem, parsed));
            }

            await host.Error.WriteLineAsync($"Try: {CommandPath(parsed)} --help");
            return ExitCode.BadUsage;
        }

        if (parsed.Errors.Count == 0)
        {
            logging.Apply(parsed, host.Log);
        }

        var invocation = new InvocationConfiguration
        {
            // Signals are TerminationSignals' concern, exceptions ours.
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null,
            Output = host.Console.Profile.Out.Writer,
            Error = host.Error,
        };
        try
        {
            int code = await parsed.InvokeAsync(invocation, cancellationToken);

            // Here, and not only when the host is disposed: output that cannot be written is a failure like any other.
            await host.Output.FlushAsync(CancellationToken.None);
            return code;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            host.WriteDiagnostic("error", "Cancelled.");
            return ExitCode.Cancelled;
        }
        catch (OutputUnreadException)
        {
            return ExitCode.Unread;
        }
        catch (UsageException exception)
        {
            host.WriteDiagnostic("error", exception.Message);
            return ExitCode.BadUsage;
        }
        catch (Exception exception) when (
            exception is SourceException or StoreException or ClusterException or IOException or UnauthorizedAccessException)
        {
            host.WriteDiagnostic("error", exception.Message);
            return ExitCode.Failed;
        }
        catch (Exception exception)
        {
            host.WriteDiagnostic(
                "error",
                $"This should not have happened ({exception.GetType().Name}): {exception.Message} Please report it with the command you "
                    + $"ran.");
            return ExitCode.Failed;
        }
    }

    // A word that the parser has no use for may be a slip in one that it has.
    private static string WithNearest(string problem, ParseResult parsed)
    {
        Command command = parsed.CommandResult.Command;
        IEnumerable<Option> options = command.Options.Concat(parsed.RootCommandResult.Command.Options);
        IEnumerable<string> known = [.. command.Subcommands.Select(sub => sub.Name), .. options.Select(option => option.Name)];
        string? typed = parsed.UnmatchedTokens.FirstOrDefault(token => problem.Contains($"'{token}'", StringComparison.Ordinal));
        string? question = typed is null
            ? null
            : NearestNames.Ask(typed, known.Where(name => name.StartsWith('-') == typed.StartsWith('-')));
        return question is null ? problem : $"{problem} {question}";
    }

    internal static (RootCommand Root, LogOptions Logging) CreateRoot(CliHost host)
    {
        var root = new RootCommand("Keeps time-series history complete: finds missing bars, fetches only those, stores each once.")
        {
            new CoverageCommand(host),
            new SummaryCommand(host),
            new StatusCommand(host),
            new GapsCommand(host),
            new BackfillCommand(host),
            new KeepCommand(host),
            new HistoryCommand(host),
            new CompareCommand(host),
            new RevisionsCommand(host),
            new RemoveCommand(host),
            new TestCommand(host),
            new ExportCommand(host),
            new ImportCommand(host),
            new ReportCommand(host),
            new ExchangesCommand(host),
            new JoinCommand(host),
            new MembersCommand(host),
            new DemoCommand(host),
            new CompletionCommand(host),
        };
        HelpOption help = root.Options.OfType<HelpOption>().Single();
        help.Action = new HelpWithExamples((HelpAction)help.Action!);
        return (root, new LogOptions(root));
    }

    private static string CommandPath(ParseResult parsed) =>
        parsed.CommandResult.Command is RootCommand ? "qmtl" : $"qmtl {parsed.CommandResult.Command.Name}";
}
