using Qmtl.Backfill;

namespace Qmtl.PowerShell.Output;

/// <summary>What a comparison has looked at, and what it says of all bars of its range.</summary>
public sealed class HistoryComparisonSummary : StreamRange
{
    private readonly ComparisonSummary _summary;

    internal HistoryComparisonSummary(IHistoryProvider provider, ComparisonSummary summary, string source)
        : base(provider, summary.Stream, summary.Range)
    {
        _summary = summary;
        Source = source;
    }

    /// <summary>Bars that were compared.</summary>
    public long BarsCompared => _summary.BarsCompared;

    /// <summary>Bars that the other has and that were not stored.</summary>
    public long BarsMissing => _summary.BarsMissing;

    /// <summary>Stored bars that the other does not have.</summary>
    public long BarsExtra => _summary.BarsExtra;

    /// <summary>Bars with another value in at least one column.</summary>
    public long BarsDifferent => _summary.BarsDifferent;

    /// <summary>Whether the bars that were compared are a random sample.</summary>
    public bool IsSample => _summary.IsSample;

    /// <summary>
    /// The share of bars that differ, from 0 to 1: of those compared or, of a sample, the most of all that differ with a confidence of
    /// <see cref="Confidence"/>; null where none was compared.
    /// </summary>
    public double? MostDiffering => _summary.MostDiffering;

    /// <summary>How sure a sample's <see cref="MostDiffering"/> is, 0.95; 1 where all were compared.</summary>
    public double Confidence => IsSample ? ComparisonSummary.Confidence : 1;

    /// <summary>What the bars were compared with, by its name.</summary>
    public string Source { get; }

    /// <summary>The same in a sentence.</summary>
    public override string ToString() => _summary.ToString();
}
