using System.Globalization;
using System.Management.Automation;
using Qmtl.Backfill;
using Qmtl.Time;

namespace Qmtl.PowerShell.Output;

/// <summary>
/// How late and how complete a stream is: texts and numbers to .NET, and to scripts what the Get methods give (see
/// <see cref="ShellProperties"/>).
/// </summary>
public sealed class StreamStatusRow
{
    private readonly IHistoryProvider _provider;

    internal StreamStatusRow(IHistoryProvider provider, StreamStatus status) => (_provider, Status) = (provider, status);

    /// <summary>The stream's node id.</summary>
    public string NodeId => Status.Stream.NodeId;

    /// <summary>The length of the stream's bars.</summary>
    public string Interval => Status.Stream.Interval.ToString();

    /// <summary>Absent, Stale, Incomplete or Fresh.</summary>
    public string State => Status.State.ToString();

    /// <summary>The open of the newest stored bar, UTC; null where none is.</summary>
    public string? Newest => Status.Newest is { } newest ? UnixTime.Format(newest) : null;

    /// <summary>The open of the newest bar that has closed, UTC.</summary>
    public string Expected => UnixTime.Format(Status.Expected);

    /// <summary>How long ago the first bar after the newest closed that should be there; zero where all are.</summary>
    public string? Staleness => Status.Staleness?.ToString("c", CultureInfo.InvariantCulture);

    /// <summary>How long after its close a bar may be missing.</summary>
    public string Budget => Status.Budget.ToString("c", CultureInfo.InvariantCulture);

    /// <summary>How many bars after the newest have closed and are neither there nor known not to exist.</summary>
    public long Behind => Status.Behind;

    /// <summary>How many bars are stored.</summary>
    public long Bars => Status.History?.Bars ?? 0;

    /// <summary>How many bars up to the newest are missing.</summary>
    public long Missing => Status.Missing;

    /// <summary>How many bars up to the newest are known not to exist.</summary>
    public long Empty => Status.History?.Empty ?? 0;

    /// <summary>Per cent of the bars that can exist up to the newest, with two decimals, cut: 100 only where none is missing.</summary>
    public double Completeness => Status.Percent;

    /// <summary>Whose history it is.</summary>
    public string Provider => _provider.DisplayName;

    internal StreamStatus Status { get; }

    /// <summary>The node id; where a terminal would obey it, it is written out.</summary>
    public static object? GetNodeId(PSObject row) => OutsideText.Of(Of(row)?.NodeId);

    /// <summary>The interval itself.</summary>
    public static BarInterval? GetInterval(PSObject row) => Of(row)?.Status.Stream.Interval;

    /// <summary>The newest bar's time.</summary>
    public static UtcTime? GetNewest(PSObject row) => Of(row)?.Status.Newest is { } newest ? UtcTime.Of(newest) : null;

    /// <summary>The time of the newest bar that has closed.</summary>
    public static UtcTime? GetExpected(PSObject row) => Of(row) is { } status ? UtcTime.Of(status.Status.Expected) : null;

    /// <summary>How late it is, as a duration.</summary>
    public static TimeSpan? GetStaleness(PSObject row) => Of(row)?.Status.Staleness;

    /// <summary>The budget, as a duration.</summary>
    public static TimeSpan? GetBudget(PSObject row) => Of(row)?.Status.Budget;

    /// <summary>The provider itself.</summary>
    public static IHistoryProvider? GetProvider(PSObject row) => Of(row)?._provider;

    /// <summary>The stream and its state, in words.</summary>
    public override string ToString() => $"{Status.Stream} {State}";

    private static StreamStatusRow? Of(PSObject? row) => row?.BaseObject as StreamStatusRow;
}
