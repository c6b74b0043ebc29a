namespace Qmtl.Cli.Hosting;

/// <summary>Whoever read standard output has had enough, as <c>head</c> does: the command ends, and nothing went wrong.</summary>
internal sealed class OutputUnreadException(string message, Exception inner) : IOException(message, inner);
