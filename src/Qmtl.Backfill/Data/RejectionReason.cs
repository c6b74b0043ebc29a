namespace Qmtl.Data;

/// <summary>Why a row that a source answered was not stored.</summary>
public enum RejectionReason
{
    /// <summary>The row has no usable <c>ts</c>.</summary>
    MissingTimestamp,

    /// <summary>The row could not be read: it has too few fields, or a field is not of its kind.</summary>
    Unreadable,

    /// <summary>The bar lies outside the range that was asked for.</summary>
    OutsideRange,

    /// <summary>No bar of the interval opens at the row's time.</summary>
    OffGrid,

    /// <summary>The bar has not closed yet.</summary>
    StillForming,

    /// <summary>A number is NaN or infinite.</summary>
    NotANumber,

    /// <summary>Every payload value is null, or there is no payload.</summary>
    NoPayload,

    /// <summary>The same bar stands in the answer again, with the same values.</summary>
    Duplicate,

    /// <summary>The same bar stands in the answer again, with other values; the last one was taken.</summary>
    Contradiction,
}
