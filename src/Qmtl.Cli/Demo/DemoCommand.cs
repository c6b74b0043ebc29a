using System.CommandLine;
using Qmtl.Cli.Commands;
using Qmtl.Cli.Hosting;

namespace Qmtl.Cli.Demo;

/// <summary><c>qmtl demo</c>: the whole job on a simulated exchange.</summary>
internal sealed class DemoCommand(CliHost host)
    : CliCommand(
        "demo",
        "Shows the whole job in some seconds, without network: a simulated exchange, its faults, and a history that becomes complete.",
        host)
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> Examples => ["qmtl demo"];

    /// <inheritdoc/>
    protected override async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("qmtl-demo-");
        try
        {
            return await new DemoRun(Host).RunAsync(folder, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // Nobody was told yet what could be done with it.
            folder.Delete(recursive: true);
            throw;
        }
    }
}
