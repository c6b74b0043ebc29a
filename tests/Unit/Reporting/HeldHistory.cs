using System.Runtime.CompilerServices;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.Unit.Reporting;

/// <summary>A provider of the bars that a test gives it, in memory.</summary>
internal sealed class HeldHistory : IHistoryProvider
{
    /// <summary>2024-01-01T00:00:00Z.</summary>
    public const long NewYear = 1_704_067_200;

    private readonly Dictionary<StreamKey, (BarFrame Frame, TimeRangeSet Empty)> _held = [];

    /// <summary>How many bars were read.</summary>
    public long BarsRead { get; private set; }

    public string DisplayName => "memory:held";

    /// <summary>Its streams, in the order in which they were added.</summary>
    public IReadOnlyList<StreamKey> Streams => [.. _held.Keys];

    /// <summary>Bars of a stream by their numbers since <see cref="NewYear"/>: open, high, low, close and volume follow from the number.</summary>
    public StreamKey Add(string node, string interval, IEnumerable<int> bars, params int[] empty)
    {
        var stream = new StreamKey(node, BarInterval.Parse(interval));
        long At(int bar) => stream.Interval.Add(stream.Interval.Ceiling(NewYear), bar);
        long[] times = [.. bars.Select(At)];
        double[] Of(double more) => [.. bars.Select(bar => 100 + (bar % 7) + more)];
        var frame = new BarFrame(stream.Interval, times,
        [
            new BarColumn<double>("open", Of(0)), new BarColumn<double>("high", Of(1.5)), new BarColumn<double>("low", Of(-1.25)),
            new BarColumn<double>("close", Of(0.5)), new BarColumn<double>("volume", Of(-90)),
        ]);
        return Add(stream, frame, [.. empty.Select(At)]);
    }

    /// <summary>Any bars of a stream.</summary>
    public StreamKey Add(StreamKey stream, BarFrame frame, params long[] empty)
    {
        _held.Add(stream, (frame, TimeRangeSet.FromTimestamps(stream.Interval, empty)));
        return stream;
    }

    public async IAsyncEnumerable<BarFrame> FetchAsync(
        StreamKey stream, TimeRange range, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await Task.CompletedTask;
        BarFrame bars = _held[stream].Frame.Intersect(new TimeRangeSet(stream.Interval, range));
        BarsRead += bars.Count;
        yield return bars;
    }

    public Task<TimeRangeSet> GetCoverageAsync(StreamKey stream, TimeRange? within = null, CancellationToken cancellationToken = default) =>
        Task.FromResult(within is { } range ? _held[stream].Frame.ToRangeSet().Intersect(range) : _held[stream].Frame.ToRangeSet());

    public Task<TimeRangeSet> GetKnownEmptyAsync(
        StreamKey stream, string? source = null, TimeRange? within = null, CancellationToken cancellationToken = default) =>
        Task.FromResult(within is { } range ? _held[stream].Empty.Intersect(range) : _held[stream].Empty);

    public Task<IReadOnlyList<StreamKey>> GetStreamsAsync(CancellationToken cancellationToken = default) => Task.FromResult(Streams);

    public Task FillMissingAsync(StreamKey stream, TimeRange range, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException("A report fills nothing.");
}
