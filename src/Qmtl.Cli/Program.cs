using Qmtl.Cli;
using Qmtl.Cli.Hosting;

if (FileLimit.FindProblem() is { } tooFew)
{
    FileLimit.Tell(tooFew);
    return ExitCode.Failed;
}

using var signals = new TerminationSignals();
await using CliHost host = CliHost.ForProcess();
return await QmtlCommandLine.RunAsync(args, host, signals.Token);
