using Qmtl.Telemetry;

namespace Qmtl.Keeping;

/// <summary>What a lane knows of a stream while it runs; all of it can be found again in the store.</summary>
/// <param name="kept">What is declared of it.</param>
/// <param name="gauge">What is measured of it.</param>
internal sealed class KeptState(KeptStream kept, KeptGauge gauge)
{
    /// <summary>What is declared of it.</summary>
    public KeptStream Kept { get; set; } = kept;

    /// <summary>What is measured of it.</summary>
    public KeptGauge Gauge { get; set; } = gauge;

    /// <summary>When it is visited next, in ticks of UTC.</summary>
    public long Due { get; set; }

    /// <summary>
    /// The newest bar through which all is stored or known to be empty, down to <see cref="Behind"/>; null before a visit.
    /// </summary>
    public long? CompleteTo { get; set; }

    /// <summary>The newest bar of its history of which nothing is known yet; null where that has been gone through.</summary>
    public long? Behind { get; set; }

    /// <summary>How often a visit has failed, or has left a bar missing, in a row.</summary>
    public int Failures { get; set; }

    /// <summary>Whether somebody works on it just now. One does at a time.</summary>
    public bool IsBusy { get; set; }

    /// <summary>Whether it has become due meanwhile.</summary>
    public bool IsLate { get; set; }

    /// <summary>Whether it is in the queue of histories.</summary>
    public bool IsQueued { get; set; }

    /// <summary>Whether its history failed by its own fault, and waits for the next hourly look.</summary>
    public bool IsHeldBack { get; set; }

    /// <summary>Since when its history is left to another run that fills it, as a timestamp of the clock; null where it is not.</summary>
    public long? LeftSince { get; set; }

    /// <summary>Whether it has been visited once, however that ended.</summary>
    public bool IsSeen { get; set; }

    /// <summary>Whether it is not kept any more.</summary>
    public bool IsGone { get; set; }
}
