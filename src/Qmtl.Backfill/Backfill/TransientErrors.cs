using System.Net;
using System.Net.Sockets;
using Qmtl.Fetching;
using Qmtl.History;

namespace Qmtl.Backfill;

/// <summary>Tells errors that may pass by themselves from those that will not. A bug or bad input is never tried again.</summary>
internal static class TransientErrors
{
    public static bool IsTransient(Exception error) => error switch
    {
        SourceException source => source.IsTransient,
        StoreException store => store.IsTransient,
        HttpRequestException { StatusCode: { } status } =>
            status is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests || (int)status >= 500,
        HttpRequestException or TimeoutException or SocketException => true,
        FileNotFoundException or DirectoryNotFoundException or PathTooLongException or EndOfStreamException => false,
        IOException => true,

        // HttpClient reports its own time-out as a cancellation that holds a TimeoutException.
        OperationCanceledException { InnerException: TimeoutException } => true,
        _ => false,
    };

    /// <summary>The least time before the next try; null where the usual delay will do.</summary>
    public static TimeSpan? RetryAfter(Exception error) => error switch
    {
        SourceException source => source.RetryAfter,
        StoreException store => store.RetryAfter,
        _ => null,
    };
}
