using System.Globalization;
using System.Net.Sockets;
using Qmtl.Fetching;

namespace Qmtl.Telemetry;

/// <summary>How a request to a source ended, in one word for a label: few of them, and the same for all sources.</summary>
internal static class RequestStatus
{
    /// <summary>The source answered.</summary>
    public const string Ok = "ok";

    /// <summary>
    /// <see cref="Ok"/>; the HTTP status where there was one, for example <c>429</c>; or else <c>cancelled</c>, <c>timeout</c>,
    /// <c>rate_limited</c> (not sent, because the source asked to be left alone), <c>network</c>, or <c>error</c> for anything else.
    /// </summary>
    public static string Of(Exception? error) => error switch
    {
        null => Ok,
        SourceException { StatusCode: { } status } => Text(status),
        HttpRequestException { StatusCode: { } status } => Text((int)status),
        TimeoutException or OperationCanceledException { InnerException: TimeoutException } => "timeout",
        SourceException { InnerException: OperationCanceledException or TimeoutException } => "timeout",
        OperationCanceledException => "cancelled",
        SourceException { RetryAfter: not null } => "rate_limited",
        HttpRequestException or SocketException => "network",
        SourceException { InnerException: HttpRequestException or SocketException } => "network",
        SourceException { InnerException: IOException, IsTransient: true } => "network",
        _ => "error",
    };

    private static string Text(int status) => status.ToString(CultureInfo.InvariantCulture);
}
