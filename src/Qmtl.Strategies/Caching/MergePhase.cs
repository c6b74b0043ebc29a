namespace Qmtl.Caching;

/// <summary>How far a large merge is.</summary>
internal enum MergePhase
{
    /// <summary>The held bars are about to be read.</summary>
    Reading,

    /// <summary>The new arrays are complete, but nobody sees them yet.</summary>
    Built,
}
