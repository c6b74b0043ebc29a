using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Qmtl.Unit.Logging;

/// <summary>A log event as a provider gets it.</summary>
/// <param name="Level">Its level.</param>
/// <param name="Event">Its number and name.</param>
/// <param name="Message">Its sentence.</param>
/// <param name="Fields">Its fields.</param>
/// <param name="Exception">The exception that came with it.</param>
internal sealed record LoggedEvent(LogLevel Level, EventId Event, string Message, IReadOnlyDictionary<string, object?> Fields, Exception? Exception);

/// <summary>Keeps every log event.</summary>
internal sealed class CollectingLoggerFactory : ILoggerFactory, ILogger
{
    private readonly ConcurrentQueue<LoggedEvent> _events = new();

    public IReadOnlyList<LoggedEvent> Events => [.. _events];

    /// <summary>The events of one name.</summary>
    public IReadOnlyList<LoggedEvent> Named(string name) => [.. _events.Where(logged => logged.Event.Name == name)];

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        var fields = ((IReadOnlyList<KeyValuePair<string, object?>>)state!).Where(field => field.Key != "{OriginalFormat}");
        _events.Enqueue(new LoggedEvent(logLevel, eventId, formatter(state, exception), fields.ToDictionary(), exception));
    }

    public void Dispose()
    {
    }
}
