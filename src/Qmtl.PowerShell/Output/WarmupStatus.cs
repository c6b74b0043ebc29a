namespace Qmtl.PowerShell.Output;

/// <summary>How the warm-up of a stream ended.</summary>
public enum WarmupStatus
{
    /// <summary>Every bar of the window is in the cache or known not to exist.</summary>
    Ready,

    /// <summary>What there is, is in the cache, but bars that should exist are missing. The run can go on; nodes leave out the steps at the holes.</summary>
    Incomplete,

    /// <summary>An error ended it, or bars are missing where none may be. What was loaded before is in the cache.</summary>
    Failed,
}
