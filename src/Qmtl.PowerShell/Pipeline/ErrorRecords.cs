using System.Management.Automation;
using Qmtl.Fetching;
using Qmtl.History;

namespace Qmtl.PowerShell.Pipeline;

/// <summary>Turns the library's exceptions into error records: an id and a category a script can rely on, and a message for a person.</summary>
internal static class ErrorRecords
{
    /// <summary>Whether the exception is written for an operator. Anything else keeps its way through PowerShell, with its stack.</summary>
    public static bool IsForOperator(Exception exception) =>
        exception is SourceException or StoreException or ArgumentException or FormatException or InvalidOperationException or NotSupportedException or IOException or UnauthorizedAccessException
        && exception is not RuntimeException and not PipelineStoppedException;

    /// <summary>The error record for <paramref name="exception"/>; a record that PowerShell made itself is kept.</summary>
    public static ErrorRecord From(Exception exception, object? target) => exception switch
    {
        IContainsErrorRecord { ErrorRecord: { } record } => new ErrorRecord(record, exception),
        SourceException source => new ErrorRecord(exception, "SourceFailed", source.IsTransient ? ErrorCategory.ConnectionError : ErrorCategory.InvalidResult, target),
        StoreException store => new ErrorRecord(exception, "StoreFailed", store.IsTransient ? ErrorCategory.ResourceUnavailable : ErrorCategory.WriteError, target),
        ArgumentException or FormatException => new ErrorRecord(WithPlainMessage(exception), "InvalidValue", ErrorCategory.InvalidArgument, target),
        OperationCanceledException => new ErrorRecord(exception, "Stopped", ErrorCategory.OperationStopped, target),
        _ => new ErrorRecord(exception, "OperationFailed", ErrorCategory.InvalidOperation, target),
    };

    /// <summary>The message without the parameter name and value that .NET appends, which mean nothing to an operator.</summary>
    public static string PlainMessage(Exception exception)
    {
        string message = exception.Message;
        if (exception is ArgumentException { ParamName: { } name })
        {
            int suffix = message.IndexOf($" (Parameter '{name}')", StringComparison.Ordinal);
            message = suffix < 0 ? message : message[..suffix];
        }

        return message;
    }

    private static Exception WithPlainMessage(Exception exception) => exception is ArgumentException { ParamName: not null }
        ? new ArgumentException(PlainMessage(exception), exception)
        : exception;
}
