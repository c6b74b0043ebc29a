using System.Globalization;
using System.Text.Json.Nodes;

namespace Qmtl.Simulation.Gateway;

/// <summary>Whether strategies of a world may act on a side.</summary>
/// <param name="Side"><c>long</c>, <c>short</c> or <c>all</c>.</param>
/// <param name="Active">Whether they are active.</param>
public sealed record SimulatedActivation(string Side, bool Active)
{
    /// <summary>The weight; left out of documents where null.</summary>
    public double? Weight { get; init; }

    /// <summary>Whether everything is to stand still.</summary>
    public bool Freeze { get; init; }

    /// <summary>Whether everything is to run out.</summary>
    public bool Drain { get; init; }

    /// <summary>When it was made; left out of documents where null.</summary>
    public DateTimeOffset? Timestamp { get; init; }

    /// <summary>The tag of this version; left out of documents where null.</summary>
    public string? ETag { get; init; }

    /// <summary>The document.</summary>
    public JsonObject ToJson()
    {
        var document = new JsonObject
        {
            ["version"] = 1,
            ["side"] = Side,
            ["active"] = Active,
            ["freeze"] = Freeze,
            ["drain"] = Drain,
            ["run_id"] = "simulated",
            ["state_hash"] = "simulated",
            ["effective_mode"] = "live",
        };
        if (Weight is { } weight)
        {
            document["weight"] = weight;
        }

        if (Timestamp is { } timestamp)
        {
            document["ts"] = timestamp.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        }

        if (ETag is not null)
        {
            document["etag"] = ETag;
        }

        return document;
    }
}
