using System.Management.Automation;
using System.Net;
using Qmtl.Backfill;
using Qmtl.Fetching;
using Qmtl.Fetching.Pacing;
using Qmtl.Messages;

namespace Qmtl.PowerShell.Scripting;

/// <summary>Makes of what went wrong in a script the error that the engine understands: will asking again help?</summary>
internal static class ScriptFailure
{
    // Longer than what anybody writes by hand; an answer that ended in an exception's message may be a whole page.
    private const int LongestProblem = 2000;

    /// <summary>
    /// What went wrong in the script, with its line where it is known, for the middle of a sentence: <c>failed at line 3: Attempted to
    /// divide by zero</c>.
    /// </summary>
    public static string Describe(Exception exception)
    {
        ErrorRecord? record = RecordOf(exception);
        return Describe(record, Cause(exception, record));
    }

    /// <summary>The source error for <paramref name="exception"/>, naming the line of script where it is known.</summary>
    /// <param name="source">The source's name.</param>
    /// <param name="exception">What the script or the method threw.</param>
    public static SourceException ToSourceException(string source, Exception exception)
    {
        ErrorRecord? record = RecordOf(exception);
        Exception cause = Cause(exception, record);
        if (cause is SourceException already)
        {
            return already;
        }

        (int? status, TimeSpan? retryAfter) = HttpAnswer(cause);
        string pause = retryAfter is { } asked ? RetryAfterHeader.Describe(asked, DateTimeOffset.UtcNow) : string.Empty;
        return new SourceException($"{source} {Describe(record, cause)}.{pause}", exception)
        {
            IsTransient = IsTransient(cause, status),
            StatusCode = status,
            RetryAfter = retryAfter,
        };
    }

    private static ErrorRecord? RecordOf(Exception exception) => exception switch
    {
        ScriptErrorException script => script.Written,
        IContainsErrorRecord container => container.ErrorRecord,
        _ => null,
    };

    private static string Describe(ErrorRecord? record, Exception cause)
    {
        string problem = cause is FlowControlException
            ? "it left through break, continue or exit. Use return"
            : PlainText.OneLine(PlainMessage.Of(cause), LongestProblem).TrimEnd('.');
        return $"failed{Place(record)}: {problem}";
    }

    // An exception's own record holds a stand-in for it, which has its message and none of what it wraps.
    private static Exception Cause(Exception exception, ErrorRecord? record) =>
        Cause(record?.Exception is { } recorded and not ParentContainsErrorRecordException ? recorded : exception);

    // PowerShell wraps what a method threw; the operator wants what went wrong, not the wrapping.
    private static Exception Cause(Exception exception) => exception switch
    {
        ActionPreferenceStopException { ErrorRecord.Exception: { } inner } when inner != exception => Cause(inner),
        MethodInvocationException { InnerException: { } inner } => Cause(inner),
        AggregateException { InnerExceptions: [var inner] } => Cause(inner),
        _ => exception,
    };

    private static string Place(ErrorRecord? record) => record?.InvocationInfo switch
    {
        null or { ScriptLineNumber: 0 } => string.Empty,
        { ScriptName: { Length: > 0 } file } at => $" at {Path.GetFileName(file)}:{at.ScriptLineNumber}",
        { } at => $" at line {at.ScriptLineNumber}",
    };

    private static bool IsTransient(Exception exception, int? status)
    {
        if (status is { } code)
        {
            return code is 408 or 418 or 425 or 429 or >= 500;
        }

        for (Exception? cause = exception; cause is not null; cause = cause.InnerException)
        {
            if (TransientErrors.IsTransient(cause) || cause is WebException)
            {
                return true;
            }
        }

        return false;
    }

    private static (int? Status, TimeSpan? RetryAfter) HttpAnswer(Exception exception)
    {
        // Invoke-RestMethod throws a type of its own that carries the response; it is an HttpRequestException too.
        int? status = (exception as HttpRequestException)?.StatusCode is { } code ? (int)code : null;
        if (exception.GetType().GetProperty("Response")?.GetValue(exception) is not HttpResponseMessage response)
        {
            return (status, null);
        }

        return ((int)response.StatusCode, RetryAfterHeader.Read(response, DateTimeOffset.UtcNow));
    }
}

/// <summary>Script wrote an error without ending, which PowerShell does not make an exception of.</summary>
internal sealed class ScriptErrorException(ErrorRecord error) : RuntimeException(error.ToString(), error.Exception, error)
{
    /// <summary>What the script wrote.</summary>
    public ErrorRecord Written { get; } = error;
}
