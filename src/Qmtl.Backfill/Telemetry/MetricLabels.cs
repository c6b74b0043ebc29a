using System.Globalization;
using System.Text.Json;
using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.Telemetry;

/// <summary>The labels' names and values. Values of a small set are made once, so that a measurement allocates nothing.</summary>
internal static class MetricLabels
{
    public const string NodeId = "node_id";
    public const string Interval = "interval";
    public const string Reason = "reason";
    public const string Source = "source";
    public const string Status = "status";
    public const string Host = "host";
    public const string RecorderName = "recorder";

    private static readonly string[] Reasons =
        [.. Enum.GetValues<RejectionReason>().Select(reason => JsonNamingPolicy.SnakeCaseLower.ConvertName(reason.ToString()))];

    // Few intervals are in use; a long list of odd ones would only be made anew.
    private static readonly System.Collections.Concurrent.ConcurrentDictionary<BarInterval, string> Intervals = new();

    /// <summary>How many reasons there are to reject a row.</summary>
    public static int ReasonCount => Reasons.Length;

    /// <summary>The interval in seconds, for example <c>60</c>; as text where seconds do not tell it, for example <c>1M</c>.</summary>
    public static string Of(BarInterval interval)
    {
        if (Intervals.TryGetValue(interval, out string? known))
        {
            return known;
        }

        string text = interval.Number is > 0 and var seconds ? seconds.ToString(CultureInfo.InvariantCulture) : interval.ToString();
        return Intervals.Count < 1000 ? Intervals.GetOrAdd(interval, text) : text;
    }

    /// <summary>The reason in the usual form of a label's value, for example <c>off_grid</c>.</summary>
    public static string Of(RejectionReason reason) => Reasons[(int)reason];

    /// <summary>The labels of a stream.</summary>
    public static KeyValuePair<string, object?>[] Of(StreamKey stream) => [new(NodeId, stream.NodeId), new(Interval, Of(stream.Interval))];
}
