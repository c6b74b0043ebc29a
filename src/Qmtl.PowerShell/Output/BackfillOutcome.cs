using System.Management.Automation;
using Qmtl.Backfill;
using Qmtl.History;
using Qmtl.PowerShell.Pipeline;

namespace Qmtl.PowerShell.Output;

/// <summary>What became of one range of a backfill. All counts are of this run.</summary>
public sealed class BackfillOutcome : StreamRange
{
    internal BackfillOutcome(IHistoryProvider provider, BackfillResult result)
        : base(provider, result.Stream, result.Range)
    {
        Status = result.Status;
        BarsWritten = result.BarsWritten;
        BarsEmpty = result.BarsEmpty;
        BarsRejected = result.BarsRejected;
        BarsMissing = result.BarsMissing;
        Requests = result.Requests;
        Retries = result.Retries;
        Duration = result.Duration;
        Error = ErrorRecords.Of(result.Error, this, ToString());
    }

    /// <summary>How it ended.</summary>
    public BackfillStatus Status { get; }

    /// <summary>Bars written to the store.</summary>
    public long BarsWritten { get; }

    /// <summary>Bars that the source does not have, now remembered as empty.</summary>
    public long BarsEmpty { get; }

    /// <summary>Rows of the source's answers that could not be stored.</summary>
    public long BarsRejected { get; }

    /// <summary>Bars that are still missing.</summary>
    public long BarsMissing { get; }

    /// <summary>Requests made to the source, with those that were tried again.</summary>
    public int Requests { get; }

    /// <summary>How many of the requests and writes were tries after a failure.</summary>
    public int Retries { get; }

    /// <summary>From the start of the range's first request to its end.</summary>
    public TimeSpan Duration { get; }

    /// <summary>What went wrong, as it is written to the error stream, or null; the exception is its <see cref="ErrorRecord.Exception"/>.</summary>
    public ErrorRecord? Error { get; }
}
