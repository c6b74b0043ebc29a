using Qmtl.Caching;
using Qmtl.Data;
using Qmtl.Payloads;
using Qmtl.Strategies;
using Qmtl.Streams;
using Qmtl.Time;
using Qmtl.Unit.Streams;

namespace Qmtl.Unit.Strategies;

/// <summary>What the nodes of a pipeline see and give. A bar's close is its minute unless said otherwise.</summary>
public class PipelineTests
{
    public static TheoryData<string, int[], int, string[]> Cases => new()
    {
        { "a node waits until its input holds its period", [0, 1, 2, 3], 3, ["sum@2=3", "sum@3=6"] },
        { "a gap makes the node leave out one step", [0, 1, 3, 4], 2, ["sum@1=1", "sum@4=7"] },
        { "a gap before the node is ready leaves out nothing later", [0, 2, 3, 4], 3, ["sum@3=5", "sum@4=9"] },
        { "fewer bars than the period give nothing", [0, 1], 5, [] },
        { "no bars give nothing", [], 1, [] },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_node_computes_when_it_is_ready(string what, int[] minutes, int period, string[] expected)
    {
        StreamInput stream = Graphs.Stream("S", Bars.AtMinutes(minutes));

        List<string> results = Graphs.Replay(new Pipeline([Graphs.Sum("sum", period, stream)]));

        Assert.True(expected.SequenceEqual(results), $"{what}: {string.Join(", ", results)}");
    }

    [Fact]
    public void A_live_bar_given_as_a_dictionary_or_an_object_has_a_column_for_each_field()
    {
        StreamInput stream = Graphs.Stream("a");
        var pipeline = new Pipeline([stream, new ComputeNode("mean", [stream], view => view[stream.Key].Mean("v", 2), period: 2)]);

        pipeline.Feed(stream, 60, Payload.From(new Dictionary<string, object?> { ["v"] = 1, ["note"] = "a" }));
        IReadOnlyList<NodeResult> results = pipeline.Feed(stream, 120, Payload.From(new { v = 2.5 }));

        Assert.Equal(1.75, Assert.Single(results).Payload.Number);
        Assert.Equal(["v", "note"], stream.Cache.Slice(stream.Key, 2).Columns.Select(column => column.Name));
    }

    [Fact]
    public void A_live_bar_in_milliseconds_is_refused()
    {
        StreamInput stream = Graphs.Stream("a");

        var error = Assert.Throws<ArgumentException>(() => new Pipeline([stream]).Feed(stream, 1_515_560_100_000, Payload.FromNumber(1)));

        Assert.Contains("milliseconds", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, stream.Cache.Count(stream.Key));
    }

    [Fact]
    public void A_node_of_two_inputs_waits_for_both()
    {
        StreamInput first = Graphs.Stream("FIRST", Bars.AtMinutes(0, 1, 2));
        StreamInput second = Graphs.Stream("SECOND", Bars.AtMinutes([1, 2], minute => 100 * minute));

        List<string> results = Graphs.Replay(new Pipeline([Graphs.Sum("sum", first, second)]));

        Assert.Equal(["sum@1=101", "sum@2=102", "sum@2=202"], results);
    }

    [Fact]
    public void Bars_of_all_streams_come_by_their_opens_and_ties_by_the_order_of_declaration()
    {
        StreamInput first = Graphs.Stream("FIRST", Bars.AtMinutes(0, 2, 3));
        StreamInput second = Graphs.Stream("SECOND", Bars.AtMinutes(0, 1, 3));
        StreamInput third = Graphs.Stream("THIRD", Bars.AtMinutes(3));
        Node[] nodes = [third, second, first, Graphs.Sum("one", first), Graphs.Sum("two", second), Graphs.Sum("three", third)];
        var pipeline = new Pipeline(nodes, new PipelineOptions { BarsPerBatch = 2 });

        // "two" has a gap at minute 3, "one" at minute 2.
        Assert.Equal(["two@0=0", "one@0=0", "two@1=1", "three@3=3", "one@3=3"], Graphs.Replay(pipeline));
        Assert.Equal([third, second, first], pipeline.Streams);
    }

    [Fact]
    public void In_a_diamond_each_node_computes_once_a_bar_after_its_inputs()
    {
        StreamInput stream = Graphs.Stream("S", Bars.AtMinutes(1, 2));
        Node left = Graphs.Sum("left", stream);
        Node right = Graphs.Sum("right", left);
        Node bottom = Graphs.Sum("bottom", left, right, stream);
        Node sibling = Graphs.Sum("sibling", stream);

        List<string> results = Graphs.Replay(new Pipeline([bottom, sibling]));

        Assert.Equal(
            ["left@1=1", "right@1=1", "bottom@1=3", "sibling@1=1", "left@2=2", "right@2=2", "bottom@2=6", "sibling@2=2"], results);
    }

    [Theory]
    [InlineData(OnMissing.Skip)]
    [InlineData(OnMissing.Fail)]
    public void No_result_reaches_nobody_and_is_no_gap(OnMissing onMissing)
    {
        StreamInput stream = Graphs.Stream("S", Bars.AtMinutes(1, 2, 3, 4));
        var odd = new ComputeNode("odd", [stream], view => view[stream.Key].Timestamps[^1] / 60 % 2 == 1 ? view[stream.Key].Values("close")[^1] : Payload.None);
        Node after = Graphs.Sum("after", odd);

        Assert.Equal(["odd@1=1", "after@1=1", "odd@3=3", "after@3=3"], Graphs.Replay(new Pipeline([after], new PipelineOptions { OnMissing = onMissing })));
    }

    [Fact]
    public void Objects_and_bars_travel_as_they_are()
    {
        StreamInput stream = Graphs.Stream("S", Bars.AtMinutes(7));
        var payloads = new List<Payload>();
        object[] given = ["text", 7L, 2.5m];
        Node[] nodes =
        [
            .. given.Select(value => new ComputeNode($"{value}", [stream], _ => value)),
            new ComputeNode("bar", [stream], view => view[stream.Key].Latest!.Value.Payload),
            new ComputeNode("nothing", [stream], _ => (object?)null),
        ];

        new Pipeline(nodes).Replay(result => payloads.Add(result.Payload));

        Assert.Equal(given, payloads[..3].Select(payload => payload.ToObject()));
        Assert.Equal(7.0, payloads[3].Bar["close"]);
        Assert.Equal(4, payloads.Count);
    }

    [Fact]
    public void A_node_that_does_not_execute_passes_its_input_on()
    {
        StreamInput stream = Graphs.Stream("S", Bars.AtMinutes(1, 2, 3));
        var elsewhere = new ComputeNode("elsewhere", [stream], double (_) => throw new InvalidOperationException("Computed here."), period: 2) { Executes = false };
        var after = new ComputeNode("after", [elsewhere], view => view[elsewhere.Key].Values("close")[^1] * 10);

        Assert.Equal(["after@1=10", "after@2=20", "after@3=30"], Graphs.Replay(new Pipeline([after])));
    }

    [Fact]
    public void A_result_of_a_longer_interval_belongs_to_the_bar_it_is_in()
    {
        StreamInput stream = Graphs.Stream("S", Bars.AtMinutes(4, 5, 6));
        var slow = new ComputeNode("slow", [stream], view => view[stream.Key].Values("close")[^1], interval: BarInterval.Parse("5m"));
        Node after = Graphs.Sum("after", 2, slow);

        Assert.Equal(["slow@0=4", "slow@5=5", "after@5=9", "slow@5=6", "after@5=10"], Graphs.Replay(new Pipeline([after])));
    }

    [Fact]
    public void A_replay_depends_on_nothing_before_it()
    {
        StreamInput stream = Graphs.Stream("S", Bars.AtMinutes(1, 2, 3));
        var pipeline = new Pipeline([Graphs.Sum("after", 2, Graphs.Sum("sum", 2, stream))]);
        List<string> first = Graphs.Replay(pipeline);

        pipeline.Feed(stream, 4 * 60, Payload.FromNumber(1));

        Assert.Equal(["sum@2=3", "sum@3=5", "after@3=8"], first);
        stream.Cache.Drop(stream.Key);
        stream.Cache.BackfillBulk(stream.Key, Bars.AtMinutes(1, 2, 3));
        Assert.Equal(first, Graphs.Replay(pipeline));
    }

    [Fact]
    public void After_a_replay_live_bars_go_on_where_it_ended()
    {
        StreamInput stream = Graphs.Stream("S", Bars.AtMinutes(1, 2, 3));
        var pipeline = new Pipeline([Graphs.Sum("sum", 3, stream)]);
        Graphs.Replay(pipeline);

        IReadOnlyList<NodeResult> results = pipeline.Feed(stream, 4 * 60 + 17, Payload.FromBar(Bars.AtMinutes(4).GetRow(0)));

        Assert.Equal(["sum@4=9"], results.Select(Graphs.Line));
        Assert.Equal(240, stream.Cache.LastTimestamp(stream.Key));
    }

    [Fact]
    public void A_frame_is_fed_bar_by_bar()
    {
        StreamInput stream = Graphs.Stream("S");
        var pipeline = new Pipeline([Graphs.Sum("sum", 2, stream)]);
        var results = new List<string>();

        pipeline.Feed(stream, Bars.AtMinutes(1, 2, 3), result => results.Add(Graphs.Line(result)));

        Assert.Equal(["sum@2=3", "sum@3=5"], results);
        Assert.Equal(3, stream.Cache.Count(stream.Key));
    }

    [Fact]
    public void A_live_bar_that_comes_again_computes_again()
    {
        StreamInput stream = Graphs.Stream("S");
        var pipeline = new Pipeline([Graphs.Sum("sum", 2, stream)]);
        pipeline.Feed(stream, Bars.AtMinutes(1, 2), _ => { });

        IReadOnlyList<NodeResult> results = pipeline.Feed(stream, 120, Payload.FromBar(Bars.AtMinutes([2], _ => 50).GetRow(0)));

        Assert.Equal(["sum@2=51"], results.Select(Graphs.Line));
    }

    [Fact]
    public void The_bars_of_the_last_replay_are_counted_also_where_no_node_computes()
    {
        StreamInput first = Graphs.Stream("FIRST", Bars.AtMinutes(1, 2, 3));
        StreamInput second = Graphs.Stream("SECOND", Bars.AtMinutes(1, 2));
        var pipeline = new Pipeline([first, second], new PipelineOptions { BarsPerBatch = 2 });

        Graphs.Replay(pipeline);
        long once = pipeline.BarsReplayed;
        Graphs.Replay(pipeline);
        pipeline.Feed(first, Bars.AtMinutes(4), _ => { });

        Assert.Equal((5, 5), (once, pipeline.BarsReplayed));
    }

    [Fact]
    public void A_replay_that_fails_has_counted_up_to_the_bar_that_failed()
    {
        StreamInput stream = Graphs.Stream("S", Bars.AtMinutes(1, 2, 3));
        var pipeline = new Pipeline([new ComputeNode("faulty", [stream], view => view[stream.Key].Timestamps[^1] == 120 ? throw new FormatException("No.") : 1.0)]);

        Assert.Throws<NodeFailedException>(() => Graphs.Replay(pipeline));

        Assert.Equal(2, pipeline.BarsReplayed);
    }

    [Fact]
    public void No_bar_does_nothing()
    {
        StreamInput stream = Graphs.Stream("S");

        Assert.Empty(new Pipeline([Graphs.Sum("sum", stream)]).Feed(stream, 0, Payload.None));
        Assert.Equal(0, stream.Cache.Count(stream.Key));
    }

    [Fact]
    public void A_stream_of_another_pipeline_is_refused_in_words()
    {
        var pipeline = new Pipeline([Graphs.Sum("sum", Graphs.Stream("S"))]);

        var error = Assert.Throws<ArgumentException>(() => pipeline.Feed(Graphs.Stream("T"), 0, 1.0));

        Assert.Contains("T 1m is none of this pipeline's. Its streams are: S 1m", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Bars_of_another_interval_are_refused_in_words()
    {
        StreamInput stream = Graphs.Stream("S");
        var pipeline = new Pipeline([Graphs.Sum("sum", stream)]);
        var frame = new BarFrame(BarInterval.Parse("5m"), new long[] { 300 }, []);

        var error = Assert.Throws<ArgumentException>(() => pipeline.Feed(stream, frame, _ => { }));

        Assert.Contains("Bars of 5m cannot be fed to the stream S 1m", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_receiver_that_feeds_in_turn_is_refused_in_words()
    {
        StreamInput stream = Graphs.Stream("S", Bars.AtMinutes(1, 2));
        var pipeline = new Pipeline([Graphs.Sum("sum", stream)]);

        var error = Assert.Throws<InvalidOperationException>(() => pipeline.Replay(_ => pipeline.Feed(stream, 180, 1.0)));

        Assert.Contains("busy", error.Message, StringComparison.Ordinal);
        Assert.Single(pipeline.Feed(stream, 120, Payload.FromBar(Bars.AtMinutes(2).GetRow(0))));
    }

    [Fact]
    public async Task Bars_fed_from_several_threads_are_each_processed_whole()
    {
        StreamInput[] streams = [Graphs.Stream("A"), Graphs.Stream("B")];
        var pipeline = new Pipeline([Graphs.Sum("sum", 1, streams)]);
        int results = 0;

        await Task.WhenAll(streams.Select(stream => Task.Run(() =>
        {
            for (int minute = 0; minute < 1000; minute++)
            {
                Interlocked.Add(ref results, pipeline.Feed(stream, minute * 60, Payload.FromBar(Bars.AtMinutes(minute).GetRow(0))).Count);
            }
        })));

        Assert.InRange(results, 1000, 2000);
        Assert.All(streams, stream => Assert.Equal(1000, stream.Cache.Count(stream.Key)));
    }

    [Fact]
    public void In_parallel_independent_nodes_compute_at_once()
    {
        StreamInput stream = Graphs.Stream("S", Bars.AtMinutes(0));
        using var both = new Barrier(2);
        Node[] nodes = [.. new[] { "left", "right" }.Select(name => new ComputeNode(name, [stream], _ => both.SignalAndWait(TimeSpan.FromMinutes(2)) ? 1.0 : 0.0))];

        var pipeline = new Pipeline(nodes, new PipelineOptions { Parallel = true, MaxDegreeOfParallelism = 2 });

        Assert.Equal(["left@0=1", "right@0=1"], Graphs.Replay(pipeline));
    }

    [Fact]
    public void In_parallel_nodes_that_the_options_leave_out_compute_on_the_driving_thread_in_their_order()
    {
        StreamInput stream = Graphs.Stream("S", Bars.AtMinutes(Enumerable.Range(0, 50)));
        int driver = Environment.CurrentManagedThreadId;
        var calls = new List<string>();
        Node[] bound = [.. new[] { "a", "b" }.Select(name => new ComputeNode(name, [stream], _ =>
        {
            calls.Add($"{name} {Environment.CurrentManagedThreadId == driver}");
            return 1.0;
        }))];
        Node[] free = [Graphs.Sum("free", stream), Graphs.Sum("other", stream)];

        int results = Graphs.Replay(new Pipeline(
            [.. free, .. bound], new PipelineOptions { Parallel = true, CanComputeInParallel = node => !bound.Contains(node) })).Count;

        Assert.Equal(200, results);
        Assert.Equal(Enumerable.Repeat(new[] { "a True", "b True" }, 50).SelectMany(pair => pair), calls);
    }

    [Fact]
    public void The_options_cannot_allow_what_a_node_forbids()
    {
        StreamInput stream = Graphs.Stream("S", Bars.AtMinutes(Enumerable.Range(0, 50)));
        int driver = Environment.CurrentManagedThreadId;
        Node[] nodes = [.. Enumerable.Range(0, 3).Select(i => new BoundNode($"n{i}", stream, driver))];

        Assert.Equal(150, Graphs.Replay(new Pipeline(nodes, new PipelineOptions { Parallel = true, CanComputeInParallel = _ => true })).Count);
    }

    [Fact]
    public void A_longer_replay_allocates_no_more()
    {
        Assert.InRange(Allocated(40_000) - Allocated(10_000), -100_000, 100_000);

        // Without its copy of the bars, which is as long as they are.
        static long Allocated(int bars)
        {
            StreamInput[] streams = [.. Enumerable.Range(0, 3).Select(i => Stream($"S{i}", bars))];
            Node sum = Graphs.Sum("sum", 20, streams);
            var pipeline = new Pipeline([sum, Graphs.Sum("twice", sum, sum), Graphs.Sum("other", streams[0], sum)]);
            pipeline.Replay(_ => { });
            long copies = GC.GetAllocatedBytesForCurrentThread();
            foreach (StreamInput stream in streams)
            {
                _ = stream.Cache.Slice(stream.Key, int.MaxValue);
            }

            copies = GC.GetAllocatedBytesForCurrentThread() - copies;
            long before = GC.GetAllocatedBytesForCurrentThread();
            pipeline.Replay(_ => { });
            return GC.GetAllocatedBytesForCurrentThread() - before - copies;
        }

        static StreamInput Stream(string id, int bars)
        {
            var stream = new StreamInput(new StreamInputOptions { NodeId = id, Interval = Bars.Minute, Period = bars });
            stream.Cache.BackfillBulk(stream.Key, Bars.AtMinutes(Enumerable.Range(0, bars)));
            return stream;
        }
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 0)]
    public void An_option_outside_its_limits_is_refused(int degree, int bars) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new Pipeline([Graphs.Stream("S")], new PipelineOptions { MaxDegreeOfParallelism = degree, BarsPerBatch = bars }));

    private sealed class BoundNode(string name, Node input, int thread) : Node(new NodeOptions { Name = name, Inputs = [input] })
    {
        public override bool CanComputeInParallel => false;

        protected internal override Payload Compute(CacheView view)
        {
            Assert.Equal(thread, Environment.CurrentManagedThreadId);
            return 1.0;
        }
    }
}
