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

    /// <summary>Whether everything is to stand still; left out of documents where null.</summary>
    public bool? Freeze { get; init; } = false;

    /// <summary>Whether everything is to run out; left out of documents where null.</summary>
    public bool? Drain { get; init; } = false;

    /// <summary>When it was made; left out of documents where null.</summary>
    public DateTimeOffset? Timestamp { get; init; }

    /// <summary>The tag of this version; left out of documents where null.</summary>
    public string? ETag { get; init; }

    /// <summary>What the world's context says of a downgrade, as <c>compute_context</c>; left out of documents where null.</summary>
    public string? DowngradeReason { get; init; }

    /// <summary>The document of the world's strategies, without a version.</summary>
    public JsonObject ToJson()
    {
        var document = new JsonObject
        {
            ["side"] = Side,
            ["active"] = Active,
            ["run_id"] = "simulated",
            ["state_hash"] = "simulated",
            ["effective_mode"] = "live",
        };
        if (Freeze is { } freeze)
        {
            document["freeze"] = freeze;
        }

        if (Drain is { } drain)
        {
            document["drain"] = drain;
        }

        if (DowngradeReason is not null)
        {
            document["execution_domain"] = "backtest";
            document["compute_context"] = new JsonObject
            {
                ["downgraded"] = true,
                ["downgrade_reason"] = DowngradeReason,
                ["safe_mode"] = true,
            };
        }

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
