using System.Management.Automation;
using Qmtl.Cluster;
using Qmtl.Fetching;
using Qmtl.Gateway;
using Qmtl.History;
using Qmtl.Messages;
using Qmtl.Running;
using Qmtl.Strategies;
using Qmtl.Sweeping;

namespace Qmtl.PowerShell.Pipeline;

/// <summary>
/// Turns the library's exceptions into error records: an id and a category a script can rely on, and a message for a person.
/// </summary>
internal static class ErrorRecords
{
    /// <summary>Whether the exception is written for an operator. Anything else keeps its way through PowerShell, with its stack.</summary>
    public static bool IsForOperator(Exception exception) =>
        exception is SourceException
            or StoreException
            or GatewayException
            or ClusterException
            or NodeFailedException
            or MissingBarsException
            or WarmupFailedException
            or SweepException
            or ArgumentException
                or FormatException
                or InvalidOperationException
                or NotSupportedException
                or IOException
                or UnauthorizedAccessException
        && exception is not RuntimeException and not PipelineStoppedException;

    /// <summary>
    /// The error record for <paramref name="exception"/>, shown as <see cref="PlainText"/>; a record that PowerShell made itself is kept.
    /// </summary>
    public static ErrorRecord From(Exception exception, object? target) => AsPlainText(Sort(exception, target));

    /// <summary>The record, which is shown as <see cref="PlainText"/>.</summary>
    public static ErrorRecord AsPlainText(ErrorRecord record)
    {
        string shown = record.ErrorDetails?.Message ?? record.Exception.Message;
        if (PlainText.Escape(shown) is var plain && plain != shown)
        {
            record.ErrorDetails = new ErrorDetails(plain);
        }

        return record;
    }

    /// <summary>
    /// The error record of what came of <paramref name="subject"/>, whose message begins with it; null where nothing went wrong.
    /// </summary>
    public static ErrorRecord? Of(Exception? exception, object outcome, string subject)
    {
        if (exception is null)
        {
            return null;
        }

        ErrorRecord record = From(exception, outcome);
        record.ErrorDetails = new ErrorDetails(PlainText.Escape($"{subject}: {PlainMessage.Of(exception)}"));
        return record;
    }

    /// <summary>
    /// Reports that one record could not be processed: without ending the pipeline where records come from it, and as a terminating
    /// error where the operator gave the values on the command line.
    /// </summary>
    public static void Refuse(PSCmdlet cmdlet, Exception exception, object? target)
    {
        ErrorRecord record = From(exception, target);
        if (cmdlet.MyInvocation.ExpectingInput)
        {
            cmdlet.WriteError(record);
        }
        else
        {
            cmdlet.ThrowTerminatingError(record);
        }
    }

    private static ErrorRecord Sort(Exception exception, object? target) => exception switch
    {
        IContainsErrorRecord { ErrorRecord: { } record } => new ErrorRecord(record, exception),
        SourceException source =>
            new ErrorRecord(
                exception, "SourceFailed", source.IsTransient ? ErrorCategory.ConnectionError : ErrorCategory.InvalidResult, target),
        StoreException store =>
            new ErrorRecord(
                exception, "StoreFailed", store.IsTransient ? ErrorCategory.ResourceUnavailable : ErrorCategory.InvalidOperation, target),
        GatewayException gateway => new ErrorRecord(exception, $"Gateway{gateway.Kind}", CategoryOf(gateway.Kind), target),
        ClusterException => new ErrorRecord(exception, "ClusterFailed", ErrorCategory.ResourceUnavailable, target),
        NodeFailedException failed => new ErrorRecord(exception, "NodeFailed", ErrorCategory.OperationStopped, failed.Node),
        WarmupFailedException => new ErrorRecord(exception, "WarmupFailed", ErrorCategory.ResourceUnavailable, target),
        SweepException { Reason: SweepFailure.Node } => new ErrorRecord(exception, "NodeFailed", ErrorCategory.OperationStopped, target),
        SweepException { Reason: SweepFailure.MissingBars } =>
            new ErrorRecord(exception, "BarsMissing", ErrorCategory.ObjectNotFound, target),
        SweepException { Reason: SweepFailure.History } =>
            new ErrorRecord(exception, "StoreFailed", ErrorCategory.InvalidOperation, target),
        SweepException => new ErrorRecord(exception, "InvalidStrategy", ErrorCategory.InvalidArgument, target),
        MissingBarsException => new ErrorRecord(exception, "BarsMissing", ErrorCategory.ObjectNotFound, target),
        ArgumentException or FormatException =>
            new ErrorRecord(WithPlainMessage(exception), "InvalidValue", ErrorCategory.InvalidArgument, target),
        FileNotFoundException or DirectoryNotFoundException =>
            new ErrorRecord(exception, "FileNotFound", ErrorCategory.ObjectNotFound, target),
        UnauthorizedAccessException => new ErrorRecord(exception, "AccessDenied", ErrorCategory.PermissionDenied, target),
        OperationCanceledException => new ErrorRecord(exception, "Stopped", ErrorCategory.OperationStopped, target),
        IOException => new ErrorRecord(exception, "OperationFailed", ErrorCategory.ResourceUnavailable, target),
        _ => new ErrorRecord(exception, "OperationFailed", ErrorCategory.InvalidOperation, target),
    };

    private static ErrorCategory CategoryOf(GatewayErrorKind kind) => kind switch
    {
        GatewayErrorKind.DuplicateStrategy => ErrorCategory.ResourceExists,
        GatewayErrorKind.InvalidPayload => ErrorCategory.InvalidData,
        GatewayErrorKind.Unauthorized => ErrorCategory.AuthenticationError,
        GatewayErrorKind.Unreachable => ErrorCategory.ConnectionError,
        GatewayErrorKind.CircuitOpen => ErrorCategory.ResourceUnavailable,
        GatewayErrorKind.BadAnswer => ErrorCategory.InvalidResult,
        _ => ErrorCategory.InvalidOperation,
    };

    private static Exception WithPlainMessage(Exception exception) => exception is ArgumentException { ParamName: not null }
        ? new ArgumentException(PlainMessage.Of(exception), exception)
        : exception;
}
