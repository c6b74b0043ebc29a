using System.Globalization;
using System.Management.Automation;
using Qmtl.Backfill;
using Qmtl.History;
using Qmtl.Time;

namespace Qmtl.PowerShell.Output;

/// <summary>
/// A stream at a glance, from its first stored bar to its last: texts and numbers to .NET, and to scripts what the Get methods give (see
/// <see cref="ShellProperties"/>).
/// </summary>
public sealed class HistorySummaryRow
{
    private readonly IHistoryProvider _provider;
    private readonly HistorySummary _summary;
    private readonly TimeSpan _freshness;

    internal HistorySummaryRow(IHistoryProvider provider, HistorySummary summary, DateTimeOffset now)
    {
        _provider = provider;
        _summary = summary;
        _freshness = summary.GetFreshness(now);
        Behind = summary.CountBehind(now);
    }

    /// <summary>The stream's node id.</summary>
    public string NodeId => _summary.Stream.NodeId;

    /// <summary>The length of the stream's bars.</summary>
    public string Interval => _summary.Stream.Interval.ToString();

    /// <summary>The open of the first stored bar, UTC.</summary>
    public string First => UnixTime.Format(_summary.Bounds.Start);

    /// <summary>The open of the last stored bar, UTC.</summary>
    public string Last => UnixTime.Format(_summary.Bounds.End);

    /// <summary>How many bars are stored.</summary>
    public long Bars => _summary.Bars;

    /// <summary>How many bars between the two are missing.</summary>
    public long Missing => _summary.Missing;

    /// <summary>How many bars between the two are known not to exist.</summary>
    public long Empty => _summary.Empty;

    /// <summary>Per cent of the bars that can exist between the two, with two decimals, cut: 100 only where none is missing.</summary>
    public double Completeness => _summary.Percent;

    /// <summary>How many bars have closed since the last stored one and are neither there nor known not to exist.</summary>
    public long Behind { get; }

    /// <summary>How long ago the last stored bar closed.</summary>
    public string Freshness => _freshness.ToString("c", CultureInfo.InvariantCulture);

    /// <summary>
    /// The bytes that the store takes for it, where it tells cheaply: of a file or table of several streams its part by its bars.
    /// </summary>
    public long? Size => _summary.Bytes;

    /// <summary>Whose history it is.</summary>
    public string Provider => _provider.DisplayName;

    /// <summary>The node id; where a terminal would obey it, it is written out.</summary>
    public static object? GetNodeId(PSObject row) => OutsideText.Of(Of(row)?.NodeId);

    /// <summary>The interval itself.</summary>
    public static BarInterval? GetInterval(PSObject row) => Of(row)?._summary.Stream.Interval;

    /// <summary>The first time.</summary>
    public static UtcTime? GetFirst(PSObject row) => Of(row) is { } summary ? UtcTime.Of(summary._summary.Bounds.Start) : null;

    /// <summary>The last time.</summary>
    public static UtcTime? GetLast(PSObject row) => Of(row) is { } summary ? UtcTime.Of(summary._summary.Bounds.End) : null;

    /// <summary>How long ago the last stored bar closed, as a duration.</summary>
    public static TimeSpan? GetFreshness(PSObject row) => Of(row)?._freshness;

    /// <summary>The provider itself.</summary>
    public static IHistoryProvider? GetProvider(PSObject row) => Of(row)?._provider;

    /// <summary>The stream and its bars, in words.</summary>
    public override string ToString() => $"{_summary.Stream} {_summary.Bounds}";

    private static HistorySummaryRow? Of(PSObject? row) => row?.BaseObject as HistorySummaryRow;
}
