using System.Net;
using System.Net.Sockets;
using Qmtl.Fetching;
using Qmtl.Telemetry;

namespace Qmtl.Unit.Telemetry;

public sealed class RequestStatusTests
{
    public static TheoryData<Exception?, string> Cases => new()
    {
        { null, "ok" },
        { new SourceException("busy") { StatusCode = 418, RetryAfter = TimeSpan.FromMinutes(2) }, "418" },
        { new HttpRequestException("bad", null, HttpStatusCode.BadGateway), "502" },
        { new SourceException("late", new OperationCanceledException()) { IsTransient = true }, "timeout" },
        { new TimeoutException(), "timeout" },
        { new OperationCanceledException("late", new TimeoutException()), "timeout" },
        { new OperationCanceledException(), "cancelled" },
        { new SourceException("wait") { IsTransient = true, RetryAfter = TimeSpan.FromMinutes(9) }, "rate_limited" },
        { new SourceException("gone", new HttpRequestException("refused")) { IsTransient = true }, "network" },
        { new SocketException(), "network" },
        { new SourceException("no such file", new IOException("x")), "error" },
        { new InvalidOperationException(), "error" },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Every_end_of_a_request_has_a_word(Exception? error, string expected) => Assert.Equal(expected, RequestStatus.Of(error));
}
