using System.Globalization;
using System.Management.Automation;
using Qmtl.Backfill;
using Qmtl.PowerShell.Pipeline;

namespace Qmtl.PowerShell.Output;

/// <summary>What became of one range of a stream's history. All counts are of this run.</summary>
public abstract class HistoryOutcome : StreamRange
{
    private protected HistoryOutcome(IHistoryProvider? provider, BackfillResult result, string? subject = null)
        : base(provider, result.Stream, result.Range)
    {
        Result = result;
        Failure = ErrorRecords.Of(result.Error, this, subject ?? ToString());
    }

    /// <summary>Bars for which the source has none.</summary>
    public long BarsEmpty => Result.BarsEmpty;

    /// <summary>Rows of answers that are no bars of the stream and were left out.</summary>
    public long BarsRejected => Result.BarsRejected;

    /// <summary>Bars that are still missing.</summary>
    public long BarsMissing => Result.BarsMissing;

    /// <summary>
    /// Requests made to the source, with those that were tried again; for another's provider, calls to its <c>FillMissing</c>.
    /// </summary>
    public int Requests => Result.Requests;

    /// <summary>How many of the requests, reads and writes were tries after a failure.</summary>
    public int Retries => Result.Retries;

    /// <summary>How long the work on it took.</summary>
    public string Duration => Result.Duration.ToString("c", CultureInfo.InvariantCulture);

    /// <summary>What went wrong, or null.</summary>
    public string? Error => Failure?.ToString();

    internal ErrorRecord? Failure { get; }

    private protected BackfillResult Result { get; }

    /// <summary>How long the work on it took, as a duration.</summary>
    public static TimeSpan? GetDuration(PSObject outcome) => (outcome?.BaseObject as HistoryOutcome)?.Result.Duration;

    /// <summary>
    /// What went wrong, as it is written to the error stream, or null; the exception is its <see cref="ErrorRecord.Exception"/>.
    /// </summary>
    public static ErrorRecord? GetError(PSObject outcome) => (outcome?.BaseObject as HistoryOutcome)?.Failure;
}
