namespace Qmtl.Simulation.Profiles;

/// <summary>Which bars a parameter of a request leaves, by their opens.</summary>
internal enum BoundKind
{
    /// <summary>Those that open at the time or later.</summary>
    From,

    /// <summary>Those that open later than the time.</summary>
    After,

    /// <summary>The one that holds the time, and later ones.</summary>
    Holding,

    /// <summary>Those that open at the time or earlier.</summary>
    To,

    /// <summary>Those that open earlier than the time.</summary>
    Before,
}

/// <summary>A parameter that is a time.</summary>
/// <param name="Kind">What it means.</param>
/// <param name="Unit">What it counts: s, ms, us, ns or iso.</param>
internal sealed record Bound(BoundKind Kind, string Unit);

/// <summary>A no, as the exchange says it.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Body">The body.</param>
internal sealed record No(int Status, string Body);

/// <summary>
/// How an exchange behaves, where its profile does not say it, or should not be believed: facts about the exchange, known apart from
/// the profile, so that a profile which is wrong about them fails. What is null is as the profile has it.
/// </summary>
internal sealed record Manners
{
    /// <summary>The parameters that are times, by their names.</summary>
    public IReadOnlyDictionary<string, Bound> Bounds { get; init; } = new Dictionary<string, Bound>();

    /// <summary>Whether the newest row comes first.</summary>
    public bool IsDescending { get; init; }

    /// <summary>Whether the newest rows are kept where more match than are given; the oldest by default.</summary>
    public bool KeepsNewest { get; init; }

    /// <summary>The most rows of an answer.</summary>
    public int? MostRows { get; init; }

    /// <summary>Whether a range of more bars than <see cref="MostRows"/> and one is refused in place of being cut.</summary>
    public bool RefusesLongRanges { get; init; }

    /// <summary>How many of the newest bars it has at all.</summary>
    public int? ReachInBars { get; init; }

    /// <summary>Whether bars in which nobody traded have a row.</summary>
    public bool FillsQuietBars { get; init; }

    /// <summary>Whether times are texts.</summary>
    public bool HasTimesAsText { get; init; }

    /// <summary>Whether prices and volumes are texts.</summary>
    public bool HasAmountsAsText { get; init; } = true;

    /// <summary>Whether the number of trades is a text.</summary>
    public bool HasCountsAsText { get; init; }

    /// <summary>How many fields a row has that is a list.</summary>
    public int? FieldsOfRow { get; init; }

    /// <summary>
    /// The answer around the rows, which stand where <c>$rows</c> is; <c>$symbol</c> is the symbol, and <c>$token</c> what asks for the
    /// rest.
    /// </summary>
    public string? Envelope { get; init; }

    /// <summary>An answer without rows, where it has another form.</summary>
    public string? EmptyAnswer { get; init; }

    /// <summary>To a symbol that there is not.</summary>
    public No? UnknownSymbol { get; init; }

    /// <summary>To an interval that there is not, or a range that is none.</summary>
    public No? UnknownInterval { get; init; }

    /// <summary>To too many requests.</summary>
    public No? RateLimited { get; init; }

    /// <summary>Whether it tells with a 429 how long it wants to be left alone.</summary>
    public bool TellsRetryAfter { get; init; }
}
