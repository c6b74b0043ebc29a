using Qmtl.Data;
using Qmtl.Payloads;
using Qmtl.Time;

namespace Qmtl.Recording;

/// <summary>Sees what is fed to a stream as a bar, so that the cache, the nodes and the recorder have the same columns of it.</summary>
internal static class FedBar
{
    /// <summary>A dictionary, or an object with named values, as a bar of columns; any other payload as it is.</summary>
    /// <exception cref="ArgumentException">A field is what no column holds.</exception>
    public static Payload Of(BarInterval interval, long timestamp, Payload payload) =>
        payload.Kind == PayloadKind.Object && PayloadColumns.HasFields(payload.ToObject()!)
            ? Payload.FromBar(new BarFrame(interval, new[] { timestamp }, PayloadColumns.Of(payload.ToObject()!)).GetRow(0))
            : payload;
}
