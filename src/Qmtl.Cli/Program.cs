using Qmtl.Cli;
using Qmtl.Cli.Hosting;

using var signals = new TerminationSignals();
await using CliHost host = CliHost.ForProcess();
return await QmtlCommandLine.RunAsync(args, host, signals.Token);
