using System.Net;
using System.Text;
using Qmtl.Simulation.Faults;

namespace Qmtl.Simulation.Http;

/// <summary>Answers in place of candles.</summary>
internal static class FaultyAnswers
{
    /// <summary>What is answered in place of candles; null where it is candles, whatever is wrong with them.</summary>
    /// <param name="fault">What is wrong; null for nothing.</param>
    /// <param name="tooMany">What the exchange answers to too many requests.</param>
    public static Answer? Of(SimulatedFault? fault, Answer tooMany) => fault?.Kind switch
    {
        SimulatedFaultKind.Status => ErrorPage(fault, tooMany) with { RetryAfter = fault.RetryAfter },
        SimulatedFaultKind.Html => Answer.WebPage(200, "Service maintenance"),
        SimulatedFaultKind.JsonObject => new Answer(200, """{"data":[],"ok":true}"""u8.ToArray()),
        _ => null,
    };

    /// <summary>How the connection breaks off; null where it does not.</summary>
    public static SimulatedFaultKind? BreakOf(SimulatedFault? fault) =>
        fault?.Kind is SimulatedFaultKind.ConnectionReset or SimulatedFaultKind.HalfBody ? fault.Kind : null;

    private static Answer ErrorPage(SimulatedFault fault, Answer tooMany) => (fault.Body, fault.StatusCode) switch
    {
        ({ } body, _) => new Answer(fault.StatusCode, Encoding.UTF8.GetBytes(body)),
        (_, 429 or 418) => tooMany with { Status = fault.StatusCode },
        _ => Answer.WebPage(fault.StatusCode, $"{fault.StatusCode} {(HttpStatusCode)fault.StatusCode}"),
    };
}
