using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Qmtl.Cli.Commands;

/// <summary>The standard help, followed by a command's examples and by what the exit codes mean.</summary>
internal sealed class HelpWithExamples(HelpAction standard) : SynchronousCommandLineAction
{
    private const string ExitCodes = """
        Exit codes:
          0    complete
          1    something failed, bars are still missing that are old enough to be there, or qmtl test found something
          2    bad usage; nothing was asked or written
          130  cancelled (SIGINT or SIGTERM); what was committed stays

        """;

    /// <inheritdoc/>
    public override bool ClearsParseErrors => true;

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        int code = standard.Invoke(parseResult);
        TextWriter output = parseResult.InvocationConfiguration.Output;
        if (parseResult.CommandResult.Command is CliCommand { Examples.Count: > 0 } command)
        {
            output.WriteLine("Examples:");
            foreach (string example in command.Examples)
            {
                output.WriteLine($"  {example}");
            }

            output.WriteLine();
        }

        output.Write(ExitCodes);
        return code;
    }
}
