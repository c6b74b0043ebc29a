namespace Qmtl.Data;

/// <summary>What becomes of a row that opens off the interval's grid.</summary>
public enum OffGridRows
{
    /// <summary>It is not taken, and its bar stays missing in every run until the source has a right one.</summary>
    Refuse,

    /// <summary>It is taken as the bar that it lies in, where the answer has no other row in that bar; otherwise it is refused.</summary>
    Floor,
}
