using System.Management.Automation;
using Microsoft.Extensions.Logging;
using Qmtl.Messages;

namespace Qmtl.PowerShell.Pipeline;

/// <summary>
/// Brings the engine's log events to PowerShell's streams: details to debug, the story to verbose, a completion to information, and what
/// an operator must know to warning. May be used from any thread.
/// </summary>
/// <param name="cmdlet">Whose streams.</param>
/// <param name="post">Does something on the pipeline thread and does not wait for it.</param>
internal sealed class StreamLogger(Cmdlet cmdlet, Action<Action> post) : ILoggerFactory, ILogger
{
    private const string Tag = "Qmtl";

    // What is told elsewhere: a failure is an error record, and the warnings of holes and of streams that are behind say it in words.
    private static readonly string?[] ToldOtherwise =
    [
        "backfill.failed", "warmup.failed", "warmup.holes", "node.failed",
        "follow.behind", "follow.caught_up", "follow.hole", "follow.away",
    ];

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => this;

    /// <inheritdoc/>
    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException("This log writes to a cmdlet's streams alone.");

    /// <inheritdoc/>
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    /// <inheritdoc/>
    public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

    /// <inheritdoc/>
    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel) || ToldOtherwise.Contains(eventId.Name))
        {
            return;
        }

        string message = PlainText.Escape(formatter(state, exception));
        post(() => Write(logLevel, eventId, message));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    private void Write(LogLevel level, EventId happened, string message)
    {
        switch (level)
        {
            case LogLevel.Trace or LogLevel.Debug:
                cmdlet.WriteDebug(message);
                break;
            case LogLevel.Information when happened.Name == "backfill.complete":
                cmdlet.WriteInformation(message, [Tag, happened.Name!]);
                break;
            case LogLevel.Information:
                cmdlet.WriteVerbose(message);
                break;
            default:
                cmdlet.WriteWarning(message);
                break;
        }
    }
}
