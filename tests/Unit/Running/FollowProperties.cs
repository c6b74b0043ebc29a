using FsCheck.Xunit;
using Microsoft.Extensions.Time.Testing;
using Qmtl.Data;
using Qmtl.Running;
using Qmtl.Strategies;
using Qmtl.Streams;
using Qmtl.Time;
using Qmtl.Unit.Strategies;

namespace Qmtl.Unit.Running;

/// <summary>
/// Runs that go on, over several streams of several intervals whose bars arrive in any order, with holes that are filled later, and that are
/// stopped and begun again: their results are those of a replay over the same bars, in the same order.
/// </summary>
public class FollowProperties
{
    // The run begins in the middle, and ends by itself at the end.
    private const long Begin = 200 * 60;
    private const long End = 260 * 60;

    private static readonly DateTimeOffset Later = UnixTime.FromSeconds(End + 3600);

    private static readonly BarInterval[] Intervals = [BarInterval.Parse("1m"), BarInterval.Parse("2m"), BarInterval.Parse("5m"), BarInterval.Parse("7m")];

    [Property(MaxTest = 120)]
    public async Task A_run_that_goes_on_gives_what_a_replay_gives(int seed)
    {
        var random = new Random(seed);
        StreamKey[] streams = [.. Enumerable.Range(0, random.Next(1, 5)).Select(i => new StreamKey($"S{i}", Intervals[random.Next(Intervals.Length)]))];
        Dictionary<StreamKey, SortedDictionary<long, double?>> truth = streams.ToDictionary(stream => stream, stream => TruthOf(stream, random));
        var store = new ArrivingBars(random.Next(1, 40));
        var options = new RunnerOptions
        {
            Pipeline = new PipelineOptions
            {
                Order = random.Next(2) == 0 ? BarOrder.Open : BarOrder.Close,
                Parallel = random.Next(3) == 0,
                BarsPerBatch = random.Next(2) == 0 ? random.Next(1, 20) : 2048,
            },
        };
        int period = random.Next(1, 30);
        DateTimeOffset? start = random.Next(2) == 0 ? UnixTime.FromSeconds(random.Next(1, 200) * 60L) : null;
        var later = new List<(StreamKey Stream, long Open, double? Close, int Turn)>();
        foreach (StreamKey stream in streams)
        {
            // Some bars before the beginning are late, too, and none of them is older than the others.
            long there = Begin - (random.Next(3) * stream.Interval.Seconds);
            foreach ((long open, double? close) in truth[stream])
            {
                if (stream.Interval.Next(open) <= there)
                {
                    store.Arrive(stream, open, close);
                }
                else
                {
                    later.Add((stream, open, close, (int)(open / 60) + random.Next(12)));
                }
            }
        }

        var queue = new Queue<(StreamKey Stream, long Open, double? Close, int Turn)>(later.OrderBy(bar => bar.Turn));
        List<Node> nodes = NodesOf(streams, period, store, random.Next());
        var complete = new List<string>();
        for (int run = 0; ; run++)
        {
            // The first run begins in the middle, later ones when they are begun.
            var clock = new FakeTimeProvider(run == 0 ? UnixTime.FromSeconds(Begin + 2) : Later);
            bool isStopped = random.Next(2) == 0 && queue.Count > 0;
            int stopAfter = random.Next(1, 60);
            using var stop = new CancellationTokenSource();
            var results = new List<string>();
            Task<StrategyRun> running = new Runner(options, clock).FollowAsync(
                new NodeStrategy("followed", nodes),
                result =>
                {
                    results.Add(Graphs.Line(result));
                    if (isStopped && results.Count == stopAfter)
                    {
                        stop.Cancel();
                    }
                },
                new FollowOptions
                {
                    Start = start,
                    End = UnixTime.FromSeconds(End),
                    Patience = TimeSpan.FromDays(1),
                    Watch = store,
                    OnStarted = _ => clock.SetUtcNow(Later),
                },
                stop.Token);
            while (!running.IsCompleted && queue.TryDequeue(out (StreamKey Stream, long Open, double? Close, int Turn) bar))
            {
                store.Arrive(bar.Stream, bar.Open, bar.Close);
                for (int turn = random.Next(4); turn > 0; turn--)
                {
                    await Task.Yield();
                }
            }

            await using StrategyRun ended = await running.WaitAsync(TimeSpan.FromMinutes(2));

            List<string> expected = Replay(options, nodes, streams, truth, period, start, run == 0 ? Begin : Later.ToUnixTimeSeconds());
            if (!stop.IsCancellationRequested)
            {
                Assert.Equal(expected, results);
                Assert.Equal(0, ended.Pipeline.LateBars);
                break;
            }

            // What was computed until then is the beginning of it; the next run begins with the nodes of this one.
            Assert.Equal(expected.Take(results.Count), results);
            Assert.Equal(results.Count, ended.Results);
            start ??= UnixTime.FromSeconds(Begin);
        }
    }

    // What a replay over the same bars gives: of each stream from its window on.
    private static List<string> Replay(
        RunnerOptions options,
        List<Node> nodes,
        StreamKey[] streams,
        Dictionary<StreamKey, SortedDictionary<long, double?>> truth,
        int period,
        DateTimeOffset? start,
        long now)
    {
        var copies = new Dictionary<Node, Node>();
        foreach (Node node in nodes)
        {
            copies[node] = node is StreamInput
                ? new StreamInput(new StreamInputOptions { NodeId = node.NodeId, Interval = node.Interval, Period = 10_000 })
                : Copy((ComputeNode)node, [.. node.Inputs.Select(input => copies[input])]);
        }

        foreach (StreamKey stream in streams)
        {
            long first = start is { } asked
                ? stream.Interval.Ceiling(asked.ToUnixTimeSeconds())
                : stream.Interval.Add(stream.Interval.LastClosedBar(now), 1 - period);
            Node input = copies[nodes.Single(node => node.Key == stream)];
            input.Cache.BackfillBulk(stream, ArrivingBars.FrameOf(
                stream.Interval, truth[stream].Where(bar => bar.Key >= first && bar.Value is not null).Select(bar => (bar.Key, bar.Value!.Value))));
        }

        return Graphs.Replay(new Pipeline(copies.Values, options.Pipeline));
    }

    private static SortedDictionary<long, double?> TruthOf(StreamKey stream, Random random)
    {
        var bars = new SortedDictionary<long, double?>();
        for (long open = stream.Interval.Ceiling(0); open <= End; open = stream.Interval.Next(open))
        {
            bars[open] = random.Next(10) == 0 ? null : random.Next(1000);
        }

        return bars;
    }

    private static List<Node> NodesOf(StreamKey[] streams, int period, ArrivingBars store, int seed)
    {
        var random = new Random(seed);
        var nodes = new List<Node>(streams.Select(stream => new StreamInput(
            new StreamInputOptions { NodeId = stream.NodeId, Interval = stream.Interval, Period = period, HistoryProvider = store },
            new FakeTimeProvider(Later))));
        for (int i = 0; i < 4; i++)
        {
            Node[] inputs = [.. nodes.OrderBy(_ => random.Next()).Take(random.Next(1, 4))];
            nodes.Add(new ComputeNode(
                view => Qmtl.Payloads.Payload.FromNumber(Graphs.SumOf(view, Graphs.ColumnsOf(inputs))),
                new NodeOptions
                {
                    Name = $"N{i}",
                    Inputs = inputs,
                    Period = random.Next(1, 4),
                    Trigger = random.Next(3) == 0 ? NodeTrigger.AllInputs : NodeTrigger.EachInput,
                }));
        }

        return nodes;
    }

    private static ComputeNode Copy(ComputeNode node, Node[] inputs) => new(
        view => Qmtl.Payloads.Payload.FromNumber(Graphs.SumOf(view, Graphs.ColumnsOf(inputs))),
        new NodeOptions { Name = node.Name, Inputs = inputs, Period = node.Period, Trigger = node.Trigger, Interval = node.Interval });
}
