using System.Globalization;
using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.Backfill;

/// <summary>What a comparison has looked at, and what that says of all bars of its range.</summary>
/// <param name="Stream">The stream.</param>
/// <param name="Range">The bars that the comparison is about, both ends included.</param>
public sealed record ComparisonSummary(StreamKey Stream, TimeRange Range)
{
    /// <summary>How sure <see cref="MostDiffering"/> is: 0.95.</summary>
    public const double Confidence = 0.95;

    private const int Halvings = 60;

    /// <summary>Bars of the range, stored or not.</summary>
    public long Bars => Range.CountBars(Stream.Interval);

    /// <summary>Whether the bars that were compared are a random sample; false by default, where all of the range were to be.</summary>
    public bool IsSample { get; init; }

    /// <summary>Bars that were compared: those that the source gave, and those that it proved not to have.</summary>
    public long BarsCompared { get; init; }

    /// <summary>Bars that the source has and that were not stored.</summary>
    public long BarsMissing { get; init; }

    /// <summary>Stored bars that the source does not have.</summary>
    public long BarsExtra { get; init; }

    /// <summary>Bars with another value in at least one column.</summary>
    public long BarsDifferent { get; init; }

    /// <summary>All bars that differ in any way.</summary>
    public long BarsDiffering => BarsMissing + BarsExtra + BarsDifferent;

    /// <summary>
    /// The share of bars that differ, from 0 to 1: of those that were compared or, of a sample, the largest share of all bars of the range
    /// with which a sample as good as this one comes about in one of twenty cases, so that with a confidence of 95 % no more differ. Null
    /// where none was compared.
    /// </summary>
    /// <remarks>For a sample it is the exact bound of Clopper and Pearson.</remarks>
    public double? MostDiffering => BarsCompared == 0 ? null
        : IsSample ? UpperBound(BarsDiffering, BarsCompared)
        : (double)BarsDiffering / BarsCompared;

    /// <summary>The same in a sentence.</summary>
    public override string ToString()
    {
        string counts = string.Create(
            CultureInfo.InvariantCulture,
            $"{Stream} {Range}: {BarsCompared} of {Bars} bars compared, {BarsDiffering} differ ({BarsMissing} missing, {BarsExtra} extra, "
                + $"{BarsDifferent} with other values).");
        return IsSample && BarsCompared > 0
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"{counts} As a random sample it says with {Confidence:0%} confidence that at most {MostDiffering!.Value:0.###%} of all "
                    + $"differ.")
            : counts;
    }

    // The chance under which so few differ is as small as is left of the confidence.
    private static double UpperBound(long differing, long compared)
    {
        if (differing >= compared)
        {
            return 1;
        }

        (double low, double high) = ((double)differing / compared, 1);
        for (int halving = 0; halving < Halvings; halving++)
        {
            double share = (low + high) / 2;
            (low, high) = ChanceOfAtMost(differing, compared, share) > 1 - Confidence ? (share, high) : (low, share);
        }

        return high;
    }

    private static double ChanceOfAtMost(long differing, long compared, double share)
    {
        double odds = Math.Log(share) - Math.Log(1 - share);
        double term = compared * Math.Log(1 - share);
        double chance = Math.Exp(term);
        for (long count = 0; count < differing; count++)
        {
            term += Math.Log((double)(compared - count) / (count + 1)) + odds;
            chance += Math.Exp(term);
        }

        return chance;
    }
}
