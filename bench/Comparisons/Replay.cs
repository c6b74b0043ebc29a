using System.Diagnostics;
using Qmtl.Bench.Data;
using Qmtl.Bench.Harness;
using Qmtl.Caching;
using Qmtl.Data;
using Qmtl.Payloads;
using Qmtl.Strategies;
using Qmtl.Streams;
using Qmtl.Time;

namespace Qmtl.Bench.Comparisons;

/// <summary>
/// A replay of one million bars of three streams through five native nodes, against the same arithmetic in a bare loop over the arrays.
/// </summary>
internal sealed class Replay : IComparisonSet
{
    private const int BarsPerStream = 333_334;
    private const int Fast = 20;
    private const int Slow = 50;

    private readonly BarFrame[] _bars = new BarFrame[3];
    private readonly StreamInput[] _streams = new StreamInput[3];

    public string Name => "replay";

    public Task<string?> PrepareAsync()
    {
        TimeRange range = SyntheticBars.RangeOf(BarsPerStream);
        for (int i = 0; i < _streams.Length; i++)
        {
            _bars[i] = SyntheticBars.Make(range).Validate(SyntheticBars.Minute, range, long.MaxValue).Frame;
            _streams[i] = new StreamInput(new StreamInputOptions { NodeId = $"S{i}", Interval = SyntheticBars.Minute, Period = BarsPerStream });
            _streams[i].Cache.BackfillBulk(_streams[i].Key, _bars[i]);
        }

        return Task.FromResult<string?>(null);
    }

    public IEnumerable<Comparison> Comparisons()
    {
        Goal goal = Goal.RateAtLeast(1, 3 * BarsPerStream, "bars");
        yield return new Comparison("replay of 1 M bars of 3 streams through 5 nodes", "the same arithmetic in a bare loop", goal, () => RunAsync(parallel: false), BareLoop);
        yield return new Comparison("the same, nodes in parallel", "the same arithmetic in a bare loop", goal, () => RunAsync(parallel: true), BareLoop);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private Task<TimeSpan> RunAsync(bool parallel)
    {
        var pipeline = new Pipeline(Nodes(), new PipelineOptions { Parallel = parallel });
        long results = 0;
        long started = Stopwatch.GetTimestamp();
        pipeline.Replay(_ => results++);
        TimeSpan elapsed = Stopwatch.GetElapsedTime(started);
        return results > 4 * BarsPerStream ? Task.FromResult(elapsed) : throw new InvalidOperationException($"Only {results} results came.");
    }

    // Two moving averages, their difference, its crossovers, and the spread of two markets.
    private Node[] Nodes()
    {
        StreamKey first = _streams[0].Key;
        var fast = new ComputeNode("fast", [_streams[0]], view => Mean(view[first].Values("close")), Fast);
        var slow = new ComputeNode("slow", [_streams[0]], view => Mean(view[first].Values("close")), Slow);
        var difference = new ComputeNode("difference", [fast, slow], view => Newest(view, fast.Key) - Newest(view, slow.Key));
        var crossover = new ComputeNode("crossover", [difference], view => Crossed(view[difference.Key].Values(Payload.ValueColumn)), period: 2);
        var spread = new ComputeNode("spread", [_streams[1], _streams[2]], Spread);
        return [.. _streams, fast, slow, difference, crossover, spread];
    }

    private double Spread(CacheView view) => view[_streams[1].Key].Values("close")[^1] - view[_streams[2].Key].Values("close")[^1];

    private static double Newest(CacheView view, StreamKey key) => view[key].Values(Payload.ValueColumn)[^1];

    private static Payload Crossed(ReadOnlySpan<double> values) =>
        values[0] < 0 != values[1] < 0 ? Payload.FromNumber(Math.Sign(values[1])) : Payload.None;

    private static double Mean(ReadOnlySpan<double> values)
    {
        double sum = 0;
        foreach (double value in values)
        {
            sum += value;
        }

        return sum / values.Length;
    }

    private Task<TimeSpan> BareLoop()
    {
        ReadOnlySpan<double> first = Close(0);
        ReadOnlySpan<double> second = Close(1);
        ReadOnlySpan<double> third = Close(2);
        double check = 0;
        double previous = 0;
        long started = Stopwatch.GetTimestamp();
        for (int i = 0; i < BarsPerStream; i++)
        {
            if (i >= Slow)
            {
                double difference = Mean(first.Slice(i + 1 - Fast, Fast)) - Mean(first.Slice(i + 1 - Slow, Slow));
                check += previous < 0 != difference < 0 ? Math.Sign(difference) : 0;
                previous = difference;
            }

            check += second[i] - third[i];
        }

        TimeSpan elapsed = Stopwatch.GetElapsedTime(started);
        return double.IsFinite(check) ? Task.FromResult(elapsed) : throw new InvalidOperationException("The bare loop went wrong.");
    }

    private ReadOnlySpan<double> Close(int stream) => ((BarColumn<double>)_bars[stream].FindColumn("close")!).Values.Span;
}
