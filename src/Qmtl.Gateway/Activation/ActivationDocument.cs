using System.Globalization;
using System.Text.Json;
using Qmtl.Gateway.Wire;

namespace Qmtl.Gateway.Activation;

/// <summary>What a gateway says about whether a strategy may act.</summary>
public sealed record ActivationDocument
{
    /// <summary>The version of events that are acted on.</summary>
    public const int UnderstoodVersion = 1;

    /// <summary>The side it is about.</summary>
    public required ActivationSide Side { get; init; }

    /// <summary>Whether the strategy is active on that side.</summary>
    public required bool Active { get; init; }

    /// <summary>The share of its full size with which it may act, from 0 to 1.</summary>
    public required double Weight { get; init; }

    /// <summary>Whether everything is to stand still; null for as before.</summary>
    public bool? Freeze { get; init; }

    /// <summary>Whether everything is to run out; null for as before.</summary>
    public bool? Drain { get; init; }

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

    /// <summary>
    /// Where the strategy's results count, for example <c>live</c>, <c>shadow</c> or <c>backtest</c>; null where the gateway did not say.
    /// </summary>
    public string? ExecutionDomain { get; init; }

    /// <summary>Whether the strategy runs with less than it asked for. An operator must be shown it.</summary>
    public bool Downgraded { get; init; }

    /// <summary>Why it is downgraded, where the gateway said, for example <c>stale_decision</c>.</summary>
    public string? DowngradeReason { get; init; }

    /// <summary>Whether the world runs in safe mode. An operator must be shown it.</summary>
    public bool SafeMode { get; init; }

    /// <summary>Whether the gateway repeated what it knew earlier, because it could not ask its world. It never opens a side.</summary>
    public bool IsStale { get; init; }

    /// <summary>Whether it lets the strategy act at all.</summary>
    public bool Opens => Active && !Stops;

    /// <summary>Whether it orders everything to stand still or to run out.</summary>
    internal bool Stops => Freeze == true || Drain == true;

    /// <summary>Whether it is about <paramref name="side"/>.</summary>
    public bool Covers(ActivationSide side) => Side == side || Side == ActivationSide.All;

    /// <summary>Reads a document.</summary>
    /// <param name="document">The document.</param>
    /// <param name="asked">The side that was asked for, where the document may leave it out.</param>
    /// <exception cref="FormatException">A field is missing, has the wrong type or a value outside its limits.</exception>
    internal static ActivationDocument Read(JsonElement document, ActivationSide? asked = null)
    {
        bool active = document.RequireBoolean("active");
        double weight = document.NumberOrNull("weight") ?? (active ? 1 : 0);
        JsonElement context = document.TryGetField("compute_context", out JsonElement field) ? field.RequireObject() : document;
        return weight is < 0 or > 1

            // A scale misunderstood must not become the full size, so nothing is clamped.
            ? throw new FormatException(string.Create(CultureInfo.InvariantCulture, $"a 'weight' of {weight}, which is not from 0 to 1"))
            : new ActivationDocument
            {
                Side = ReadSide(document) ?? asked ?? throw new FormatException("no 'side'"),
                Active = active,
                Weight = weight,
                Freeze = document.BooleanOrNull("freeze"),
                Drain = document.BooleanOrNull("drain"),
                ETag = document.ScalarOrNull("etag"),
                RunId = document.ScalarOrNull("run_id"),
                Timestamp = document.InstantOrNull("ts"),
                StateHash = document.ScalarOrNull("state_hash"),
                EffectiveMode = document.ScalarOrNull("effective_mode"),
                ExecutionDomain = document.ScalarOrNull("execution_domain") ?? context.ScalarOrNull("execution_domain"),
                Downgraded = context.BooleanOrNull("downgraded") == true,
                DowngradeReason = context.ScalarOrNull("downgrade_reason"),
                SafeMode = context.BooleanOrNull("safe_mode") == true,
            };
    }

    /// <summary>
    /// What an event that does not say all orders to stop: a document that is not active, with freeze and drain as they are said.
    /// </summary>
    /// <returns>The order; null where there is none.</returns>
    /// <exception cref="FormatException">A field has the wrong type or a value outside its limits.</exception>
    internal static ActivationDocument? ReadStop(JsonElement document)
    {
        var stop = new ActivationDocument
        {
            Side = ReadSide(document) ?? ActivationSide.All,
            Active = false,
            Weight = 0,
            Freeze = document.BooleanOrNull("freeze"),
            Drain = document.BooleanOrNull("drain"),
            Timestamp = document.InstantOrNull("ts"),
        };
        return stop.Stops ? stop : null;
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

    /// <summary>Whether an event has the version that is acted on. Others count something else, or are of another contract.</summary>
    internal static bool HasUnderstoodVersion(JsonElement document) =>
        document.TryGetField("version", out JsonElement version)
        && version.ValueKind == JsonValueKind.Number
        && version.TryGetDouble(out double number)
        && number == UnderstoodVersion;
}
