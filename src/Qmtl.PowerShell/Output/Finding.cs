using System.Management.Automation;
using Qmtl.Backfill;
using Qmtl.Quality;
using Qmtl.Time;

namespace Qmtl.PowerShell.Output;

/// <summary>Something that is wrong with bars of a stream. Its range binds to the commands that take ranges.</summary>
public sealed class Finding : StreamRange
{
    internal Finding(IHistoryProvider? provider, BarFinding finding)
        : base(provider, finding.Stream, finding.Range)
    {
        (Check, Column, Value) = (finding.Check.ToString(), finding.Column, finding.Value);
        (Expected, Message) = (finding.Expected, finding.Message);
    }

    /// <summary>The open of the bar, or of the first of several, UTC.</summary>
    public string Time => UnixTime.Format(StartTimestamp);

    /// <summary>Which check it is.</summary>
    public string Check { get; }

    /// <summary>The column that it is about; null where it is about times.</summary>
    public string? Column { get; }

    /// <summary>What stands there, or how many bars it is about.</summary>
    public object? Value { get; }

    /// <summary>What should stand there.</summary>
    public string Expected { get; }

    /// <summary>What is wrong, in words.</summary>
    public string Message { get; }

    /// <summary>The time as a time.</summary>
    public static UtcTime? GetTime(PSObject finding) =>
        finding?.BaseObject is Finding { StartTimestamp: var start } ? UtcTime.Of(start) : null;

    /// <summary>The stream, the time and what is wrong, in words.</summary>
    public override string ToString() => $"{NodeId} {Interval} {Time}: {Message}";
}
