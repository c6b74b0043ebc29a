using System.CommandLine;
using Qmtl.Cli.Hosting;

namespace Qmtl.Cli.Commands;

/// <summary>What all commands share: a host to talk to, examples for the help, and one method that runs.</summary>
internal abstract class CliCommand : Command
{
    protected CliCommand(string name, string description, CliHost host)
        : base(name, description)
    {
        Host = host;
        SetAction(RunAsync);
    }

    /// <summary>Command lines for the help, as they are typed.</summary>
    public abstract IReadOnlyList<string> Examples { get; }

    /// <summary>The world outside.</summary>
    protected CliHost Host { get; }

    /// <summary>Runs the command.</summary>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    /// <exception cref="UsageException">The arguments cannot be carried out as written.</exception>
    protected abstract Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken);
}
