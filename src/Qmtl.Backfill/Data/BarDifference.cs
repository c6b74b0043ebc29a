namespace Qmtl.Data;

/// <summary>How a stored bar differs from that of another history.</summary>
public enum BarDifferenceKind
{
    /// <summary>The other has the bar, and it is not stored.</summary>
    Missing,

    /// <summary>The bar is stored, and the other is known not to have it.</summary>
    Extra,

    /// <summary>Both have the bar, with other values in a column.</summary>
    Different,
}

/// <summary>One difference between what is stored and another history: of a whole bar, or of one value of it.</summary>
/// <param name="Timestamp">The bar's open: Unix seconds, UTC.</param>
/// <param name="Kind">How they differ.</param>
/// <param name="Column">The column that differs, as the other spells it; null where the bar as a whole is missing or extra.</param>
/// <param name="Stored">The stored value: a double, a long, a bool or a text; null where there is none.</param>
/// <param name="Other">The other's value; null where there is none.</param>
public sealed record BarDifference(
    long Timestamp, BarDifferenceKind Kind, string? Column = null, object? Stored = null, object? Other = null)
{
    /// <summary>
    /// Whether the other's bar can take the stored one's place. A bar that it does not have, and a value, is no reason to lose one: a
    /// blank or unreadable cell of a file looks the same.
    /// </summary>
    public bool IsRepairable => Kind == BarDifferenceKind.Missing || (Kind == BarDifferenceKind.Different && Other is not null);
}
