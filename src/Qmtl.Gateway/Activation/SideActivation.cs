using System.Globalization;

namespace Qmtl.Gateway.Activation;

/// <summary>Whether a strategy may act on one side, at one moment.</summary>
/// <param name="Side">The side.</param>
/// <param name="Allowed">Whether it may act.</param>
/// <param name="Weight">The share of its full size with which it may act, from 0 to 1; 0 where it may not.</param>
/// <param name="Reason">Why it may not act, in a few words; null where it may.</param>
/// <param name="Document">What the gateway said last about the side; null where it has not said anything.</param>
public sealed record SideActivation(ActivationSide Side, bool Allowed, double Weight, string? Reason, ActivationDocument? Document)
{
    /// <summary>
    /// What an operator must be shown besides, for example <c>downgraded: stale_decision, safe mode</c>; null for nothing.
    /// </summary>
    public string? Limits => Document switch
    {
        { Downgraded: true, DowngradeReason: var reason, SafeMode: var safe } =>
            $"downgraded: {reason ?? "the gateway does not say why"}{(safe ? ", safe mode" : string.Empty)}",
        { SafeMode: true } => "safe mode",
        _ => null,
    };

    /// <summary>For people, for example <c>Long allowed at 0.5</c> or <c>Short closed: frozen</c>.</summary>
    public override string ToString()
    {
        string limits = Limits is null ? string.Empty : $" ({Limits})";
        return Allowed
            ? string.Create(CultureInfo.InvariantCulture, $"{Side} allowed at {Weight}{limits}")
            : $"{Side} closed: {Reason}{limits}";
    }
}

/// <summary>The side of a market on which a strategy acts.</summary>
public enum ActivationSide
{
    /// <summary>Buying, and what is held.</summary>
    Long,

    /// <summary>Selling what is not held.</summary>
    Short,

    /// <summary>Both; in documents only.</summary>
    All,
}
