namespace Qmtl.Gateway.Activation;

/// <summary>What a gate made of a document.</summary>
public enum ActivationVerdict
{
    /// <summary>It holds now.</summary>
    Applied,

    /// <summary>It has been said before, so nothing is new.</summary>
    NoNews,

    /// <summary>It is older than what was known, and closes: a gate closes for it all the same.</summary>
    ClosedByOlder,

    /// <summary>It is older than what was known and would open: it was ignored.</summary>
    IgnoredAsOlder,
}
