namespace Qmtl.Backfill;

/// <summary>How the backfill of a range ended.</summary>
public enum BackfillStatus
{
    /// <summary>Every bar of the range is stored or known not to exist.</summary>
    Completed,

    /// <summary>Bars were asked for, and the source has none of them; nothing was left to write.</summary>
    Empty,

    /// <summary>
    /// The source answered, but bars are still missing: too young to be believed empty, rejected, or beyond what the source knows.
    /// </summary>
    Partial,

    /// <summary>An error ended it. What had been written stays; the rest can be asked for again.</summary>
    Failed,

    /// <summary>It was cancelled. What had been written stays; the rest can be asked for again.</summary>
    Cancelled,
}
