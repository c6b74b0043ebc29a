using System.CommandLine;
using Qmtl.Cli.Demo;
using Qmtl.Cli.Hosting;

namespace Qmtl.Cli.Commands;

/// <summary><c>qmtl demo</c>: the whole job on a simulated exchange.</summary>
internal sealed class DemoCommand(CliHost host)
    : CliCommand("demo", "Shows the whole job in some seconds, without network: a simulated exchange, its faults, and a history that becomes complete.", host)
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> Examples => ["qmtl demo"];

    /// <inheritdoc/>
    protected override Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken) =>
        new DemoRun(Host).RunAsync(Directory.CreateTempSubdirectory("qmtl-demo-"), cancellationToken);
}
