using Qmtl.Backfill;

namespace Qmtl.PowerShell.Output;

/// <summary>What became of one range of a backfill.</summary>
public sealed class BackfillOutcome : HistoryOutcome
{
    internal BackfillOutcome(IHistoryProvider provider, BackfillResult result)
        : base(provider, result)
    {
    }

    /// <summary>How it ended.</summary>
    public string Status => Result.Status.ToString();

    /// <summary>Bars written to the store.</summary>
    public long BarsWritten => Result.BarsWritten;

    /// <summary>Those of them that were stored with other values before; 0 unless stored bars were asked for again (-Force).</summary>
    public long BarsReplaced => Result.BarsReplaced;
}
