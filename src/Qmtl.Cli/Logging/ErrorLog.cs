using Microsoft.Extensions.Logging;

namespace Qmtl.Cli.Logging;

/// <summary>The form of lines on standard error.</summary>
internal enum LogFormat
{
    /// <summary>For people: <c>qmtl: warning: …</c>.</summary>
    Text,

    /// <summary>For machines: a JSON object a line.</summary>
    Json,
}

/// <summary>
/// Everything that the program says on standard error, a line each: the engine's log events and its own messages, at the level and in the
/// form that the operator asked for. Used from any thread.
/// </summary>
/// <remarks>
/// The console provider of Microsoft.Extensions.Logging writes only to the process's own console, cannot wait for a live display to end,
/// and brings eleven packages.
/// </remarks>
internal sealed class ErrorLog(TextWriter writer, TimeProvider timeProvider) : ILoggerFactory
{
    private readonly Lock _gate = new();
    private List<string>? _held;
    private LogLevel _level = LogLevel.Warning;
    private LogFormat _format = LogFormat.Text;
    private bool _isLevelGiven;

    /// <summary>Whether a person watches what is written; false by default.</summary>
    public bool IsWatched { get; init; }

    /// <summary>Takes the operator's wishes; what is null stays as it is.</summary>
    public void Configure(LogLevel? level, LogFormat? format)
    {
        _level = level ?? _level;
        _format = format ?? _format;
        _isLevelGiven |= level is not null;
    }

    /// <summary>Whether events of the level are written.</summary>
    public bool IsEnabled(LogLevel level) => level >= _level && level != LogLevel.None;

    /// <summary>Writes a message of the command line's own.</summary>
    /// <param name="severity">
    /// <c>error</c>, <c>warning</c>, or <c>note</c> for what explains a result and is nothing to worry about. A note is information; a
    /// person at a terminal gets it too, unless <c>--log-level</c> says otherwise.
    /// </param>
    /// <param name="message">The message.</param>
    public void WriteMessage(string severity, string message)
    {
        LogLevel level = severity switch
        {
            "error" => LogLevel.Error,
            "warning" => LogLevel.Warning,
            _ => LogLevel.Information,
        };
        if (IsEnabled(level) || (level == LogLevel.Information && IsWatched && !_isLevelGiven))
        {
            Write(new LogLine(timeProvider.GetUtcNow(), level, $"qmtl.{severity}", message, []), severity);
        }
    }

    /// <summary>Keeps lines back until disposed, so that they do not tear a live display.</summary>
    public IDisposable Hold()
    {
        lock (_gate)
        {
            _held ??= [];
        }

        return new Holding(this);
    }

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => new Logger(this, timeProvider);

    /// <inheritdoc/>
    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException("This log has one place to write to.");

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    private void Write(LogLine line, string severity)
    {
        string text = _format == LogFormat.Json ? line.ToJson() : line.ToText(severity, withTime: _isLevelGiven);
        lock (_gate)
        {
            if (_held is not null)
            {
                _held.Add(text);
                return;
            }

            WriteLine(text);
        }
    }

    private void WriteLine(string text)
    {
        try
        {
            writer.WriteLine(text);
        }
        catch (IOException)
        {
            // There is nobody left to tell; and a log that cannot be written must not end the work that it tells of.
        }
    }

    private void Release()
    {
        lock (_gate)
        {
            _held?.ForEach(WriteLine);
            _held = null;
        }
    }

    private sealed class Holding(ErrorLog log) : IDisposable
    {
        public void Dispose() => log.Release();
    }

    private sealed class Logger(ErrorLog log, TimeProvider timeProvider) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => log.IsEnabled(logLevel);

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (log.IsEnabled(logLevel))
            {
                var fields = state as IReadOnlyList<KeyValuePair<string, object?>> ?? [];
                log.Write(
                    new LogLine(timeProvider.GetUtcNow(), logLevel, eventId.Name ?? string.Empty, formatter(state, exception), fields),
                    LogLine.NameOf(logLevel));
            }
        }
    }
}
