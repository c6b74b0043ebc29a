using System.Globalization;
using Qmtl.Messages;
using Qmtl.Recording;

namespace Qmtl.PowerShell.Recording;

/// <summary>Tells of a recorder's events what an operator must know.</summary>
internal static class RecorderStory
{
    /// <summary>The warning that an event is worth, or null.</summary>
    public static string? Describe(RecorderEvent happened) => happened switch
    {
        RecorderAway away => DescribeAbsence(away.Destination, PlainMessage.Of(away.Error)),
        RecorderBack back => string.Create(CultureInfo.InvariantCulture, $"{back.Destination} takes rows again, after {back.Duration.TotalSeconds:0.0} s."),
        RecorderWarned warned => warned.Warning,
        RecorderSpoolFull full => $"{full.Destination}: the spool is full, so recording waits until rows are delivered.",
        RecorderSpoolUnavailable unavailable => $"{unavailable.Destination}: the spool in {unavailable.Folder} cannot be written ({Plain(unavailable.Error)}). Rows are kept in memory and would not outlive this shell.",
        RecorderSpoolDamaged damaged => $"{damaged.Destination}: a file of the spool is damaged; what could be read of it is delivered, and {damaged.File} is kept.",
        RecorderRowsRefused refused => string.Create(CultureInfo.InvariantCulture, $"{refused.Destination} refuses {refused.Rows} rows of {refused.Stream} ({Plain(refused.Error)}). They are in {refused.File}; New-QmtlRecorder -RetryRefused delivers them when the cause is removed."),
        RecorderRetryFailed failed => $"{failed.Destination}: the refused rows in {failed.File} cannot be retried and stay there. {Plain(failed.Error)}.",
        RecorderClosed { Report: { Queued: > 0 } or { Dropped: > 0 } } closed => Describe(closed.Destination, closed.Report),
        _ => null,
    };

    /// <summary>Whether an event is worth telling later, where nobody could be told when it happened.</summary>
    public static bool Keeps(RecorderEvent happened) => happened is RecorderWarned or RecorderSpoolDamaged or RecorderSpoolUnavailable or RecorderRowsRefused or RecorderRetryFailed;

    /// <summary>The warning of a recorder that is away.</summary>
    /// <param name="destination">The recorder's display name.</param>
    /// <param name="error">Why.</param>
    public static string DescribeAbsence(string destination, string? error) =>
        $"{destination} cannot take rows now ({error?.TrimEnd('.')}). They are kept and delivered when it is back.";

    /// <summary>What waits in a recorder that nobody waits for any longer.</summary>
    public static string DescribeWaiting(string destination, RecorderReport report)
    {
        string memory = report.Queued > report.SpooledRows
            ? string.Create(CultureInfo.InvariantCulture, $" {report.Queued - report.SpooledRows} of them are in memory only and would not outlive this shell.")
            : "";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{destination}: {report.Queued} rows are not delivered yet. They are kept in {report.SpoolFolder} and delivered when it takes them, after this shell's end by the next recorder to the same place.{memory}");
    }

    private static string Describe(string destination, RecorderReport report)
    {
        string reason = report.LastError is { } error ? $" ({error.TrimEnd('.')})" : "";
        string lost = report.Dropped > 0
            ? string.Create(CultureInfo.InvariantCulture, $" {report.Dropped} rows could not be kept on disk either and are lost.")
            : "";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{destination}: the recorder is closed, and {report.Queued} rows are not delivered{reason}. They are kept in {report.SpoolFolder}; the next recorder to the same place delivers them.{lost}");
    }

    private static string Plain(Exception error) => PlainMessage.Of(error).TrimEnd('.');
}
