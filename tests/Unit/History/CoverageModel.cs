using Qmtl.Data;
using Qmtl.History;
using Qmtl.Time;

namespace Qmtl.Unit.History;

/// <summary>
/// Random bars, and the check that a store's coverage of them is what a naive model says. Dense and sparse stretches take turns, and one
/// stretch is far away from all others.
/// </summary>
internal sealed record CoverageModel
{
    /// <summary>The open of the first bar that may be there.</summary>
    public required long Start { get; init; }

    /// <summary>How many bars may be there.</summary>
    public required int Bars { get; init; }

    /// <summary>How many of them are dense, and then sparse.</summary>
    public required int BarsInStretch { get; init; }

    /// <summary>How far away the second half is.</summary>
    public required long BarsToFarStretch { get; init; }

    /// <summary>How likely a bar of a dense stretch is there; in a sparse one it is as likely not.</summary>
    public required double Density { get; init; }

    /// <summary>Where the random numbers begin.</summary>
    public required int Seed { get; init; }

    /// <summary>Writes the bars, and compares the coverage of all of them and of random ranges.</summary>
    public async Task CheckAsync(IHistoryStore store, StreamKey stream, Func<BarFrame, Task> writeAsync)
    {
        BarInterval interval = stream.Interval;
        var random = new Random(Seed);
        long[] timestamps = [.. Enumerable.Range(0, Bars)
            .Where(bar => random.NextDouble() < (bar / BarsInStretch % 2 == 0 ? Density : 1 - Density))
            .Select(bar => interval.Add(Start, bar + (bar > Bars / 2 ? BarsToFarStretch : 0)))];
        await writeAsync(new BarFrame(stream.Interval, timestamps, []));

        TimeRangeSet expected = TimeRangeSet.FromTimestamps(stream.Interval, timestamps);
        Assert.Equal(expected, await store.GetCoverageAsync(stream));
        for (int i = 0; i < 10; i++)
        {
            long open = interval.Add(Start, random.Next(Bars));
            long from = open + random.NextInt64(interval.Next(open) - open);
            var within = new TimeRange(from, from + interval.Add(open, random.NextInt64(BarsToFarStretch)) - open);
            Assert.Equal(expected.Intersect(within), await store.GetCoverageAsync(stream, within));
        }
    }
}
