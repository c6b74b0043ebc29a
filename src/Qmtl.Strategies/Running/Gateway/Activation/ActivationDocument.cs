using System.Globalization;
using System.Text.Json;
using Qmtl.Running.Gateway.Wire;

namespace Qmtl.Running.Gateway.Activation;

/// <summary>What a gateway says about whether a strategy may act.</summary>
public sealed record ActivationDocument
{
    /// <summary>The version of documents that is understood here.</summary>
    public const int UnderstoodVersion = 1;

    /// <summary>The side it is about.</summary>
    public required ActivationSide Side { get; init; }

    /// <summary>Whether the strategy is active on that side.</summary>
    public required bool Active { get; init; }

    /// <summary>The share of its full size with which it may act, from 0 to 1.</summary>
    public required double Weight { get; init; }

    /// <summary>Whether everything is to stand still.</summary>
    public bool Freeze { get; init; }

    /// <summary>Whether everything is to run out.</summary>
    public bool Drain { get; init; }

    /// <summary>The tag of this version of the document.</summary>
    public string? ETag { get; init; }

    /// <summary>The run that it belongs to.</summary>
    public string? RunId { get; init; }

    /// <summary>When it was made, by the gateway's clock (UTC).</summary>
    public DateTimeOffset? Timestamp { get; init; }

    /// <summary>A hash of the state that it is part of.</summary>
    public string? StateHash { get; init; }

    /// <summary>How the world runs the strategy, for example <c>live</c> or <c>paper</c>.</summary>
    public string? EffectiveMode { get; init; }

    /// <summary>Whether it lets the strategy act at all.</summary>
    public bool Opens => Active && !Freeze && !Drain;

    /// <summary>Whether it is about <paramref name="side"/>.</summary>
    public bool Covers(ActivationSide side) => Side == side || Side == ActivationSide.All;

    /// <summary>Reads a document of the version that is understood.</summary>
    /// <param name="document">The document.</param>
    /// <param name="asked">The side that was asked for, where the document may leave it out.</param>
    /// <exception cref="FormatException">A field is missing, has the wrong type or a value outside its limits.</exception>
    internal static ActivationDocument Read(JsonElement document, ActivationSide? asked = null)
    {
        bool active = document.RequireBoolean("active");
        double weight = document.NumberOrNull("weight") ?? (active ? 1 : 0);
        return weight is < 0 or > 1

            // A scale misunderstood must not become the full size, so nothing is clamped.
            ? throw new FormatException(string.Create(CultureInfo.InvariantCulture, $"a 'weight' of {weight}, which is not from 0 to 1"))
            : new ActivationDocument
            {
                Side = ReadSide(document) ?? asked ?? throw new FormatException("no 'side'"),
                Active = active,
                Weight = weight,
                Freeze = document.BooleanOr("freeze", missing: false),
                Drain = document.BooleanOr("drain", missing: false),
                ETag = document.ScalarOrNull("etag"),
                RunId = document.ScalarOrNull("run_id"),
                Timestamp = document.InstantOrNull("ts"),
                StateHash = document.ScalarOrNull("state_hash"),
                EffectiveMode = document.ScalarOrNull("effective_mode"),
            };
    }

    /// <summary>The side that a document names, or null.</summary>
    /// <exception cref="FormatException">It names something else.</exception>
    internal static ActivationSide? ReadSide(JsonElement document) => document.TextOrNull("side") switch
    {
        null => null,
        "long" => ActivationSide.Long,
        "short" => ActivationSide.Short,
        "all" => ActivationSide.All,
        _ => throw new FormatException("a 'side' that is none of long, short and all"),
    };

    /// <summary>Whether a document has the version that is understood; null where it has none.</summary>
    internal static bool? HasUnderstoodVersion(JsonElement document) => document.TryGetField("version", out JsonElement version)
        ? version.ValueKind == JsonValueKind.Number && version.TryGetDouble(out double number) && number == UnderstoodVersion
        : null;
}
