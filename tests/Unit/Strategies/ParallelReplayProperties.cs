using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Qmtl.Caching;
using Qmtl.Data;
using Qmtl.Payloads;
using Qmtl.Strategies;
using Qmtl.Streams;
using Qmtl.Time;
using Qmtl.Unit.Streams;

namespace Qmtl.Unit.Strategies;

/// <summary>
/// Random graphs over random bars, computed in parallel and one after the other: the same results, bit for bit and in order, and the same
/// failure.
/// </summary>
[Properties(Arbitrary = [typeof(ParallelReplayProperties)], MaxTest = 150)]
public class ParallelReplayProperties
{
    public static Arbitrary<Plan> Plans()
    {
        Gen<int[]> minutes = Gen.Choose(0, 60).ListOf().Select(all => all.Distinct().Order().ToArray());
        Gen<NodePlan> node =
            from inputs in Gen.Choose(0, 1000).NonEmptyListOf()
            from period in Gen.Choose(1, 4)
            from ordered in Gen.Elements(true, false, false, false)
            from givesNothing in Gen.Elements(0, 0, 0, 3)
            from failsAt in Gen.Elements(0, 0, 0, 0, 0, 0, 0, 20)
            from executes in Gen.Elements(true, true, true, true, true, false)
            from trigger in Gen.Elements(NodeTrigger.EachInput, NodeTrigger.EachInput, NodeTrigger.AllInputs)
            select new NodePlan([.. inputs.Take(3)], period, ordered, givesNothing, failsAt, executes, trigger);
        Gen<Plan> plans =
            from streams in minutes.ListOf(3)
            from nodes in node.ListOf()
            from barsPerBatch in Gen.Elements(1, 7, 64, 2048)
            from onMissing in Gen.Elements(OnMissing.Skip, OnMissing.Skip, OnMissing.Fail)
            from order in Gen.Elements(BarOrder.Open, BarOrder.Close)
            select new Plan([.. streams], [.. nodes], barsPerBatch, onMissing, order);
        return plans.ToArbitrary();
    }

    [Property]
    public void Parallel_and_sequential_replays_agree(Plan plan)
    {
        (List<string> sequential, _) = Run(plan, parallel: false);
        (List<string> parallel, _) = Run(plan, parallel: true);

        Assert.Equal(sequential, parallel);
    }

    [Property]
    public void Nodes_that_must_not_compute_in_parallel_are_called_in_the_same_order_on_one_thread(Plan plan)
    {
        (List<string> results, List<string> sequential) = Run(plan, parallel: false);
        (_, List<string> parallel) = Run(plan, parallel: true);

        // A node after them that fails is found out later: they may have computed bars beyond.
        bool failed = results is [.., { } last] && last.StartsWith("The node", StringComparison.Ordinal);
        Assert.Equal(sequential, failed ? parallel.Take(sequential.Count) : parallel);
    }

    private static (List<string> Results, List<string> OrderedCalls) Run(Plan plan, bool parallel)
    {
        var calls = new List<string>();
        int thread = Environment.CurrentManagedThreadId;
        var nodes = new List<Node>();
        for (int i = 0; i < plan.Streams.Length; i++)
        {
            nodes.Add(i < 2 ? Graphs.Stream($"S{i}", Bars.AtMinutes(plan.Streams[i], minute => Math.Sqrt(minute + 1))) : FiveMinutes($"S{i}", plan.Streams[i]));
        }

        foreach (NodePlan node in plan.Nodes)
        {
            Node[] inputs = [.. node.Inputs.Select(input => nodes[input % nodes.Count]).Distinct()];
            nodes.Add(new PlannedNode($"N{nodes.Count}", node, inputs, calls, thread) { Executes = node.Executes });
        }

        var pipeline = new Pipeline(nodes, new PipelineOptions
        {
            Parallel = parallel,
            MaxDegreeOfParallelism = 4,
            BarsPerBatch = plan.BarsPerBatch,
            OnMissing = plan.OnMissing,
            Order = plan.Order,
        });
        var results = new List<string>();
        try
        {
            pipeline.Replay(result => results.Add($"{result.Node.Name}@{result.Timestamp}={BitConverter.DoubleToInt64Bits(result.Payload.Number):X}"));
        }
        catch (NodeFailedException failure)
        {
            results.Add(failure.Message);
        }

        return (results, calls);
    }

    private static StreamInput FiveMinutes(string id, int[] minutes)
    {
        BarInterval interval = BarInterval.Parse("5m");
        long[] opens = [.. minutes.Select(minute => minute / 5 * 300L).Distinct()];
        var stream = new StreamInput(new StreamInputOptions { NodeId = id, Interval = interval, Period = 10_000 });
        stream.Cache.BackfillBulk(stream.Key, new BarFrame(interval, opens, [new BarColumn<double>("close", Array.ConvertAll(opens, open => Math.Sqrt(open)))]));
        return stream;
    }

    public sealed record Plan(int[][] Streams, NodePlan[] Nodes, int BarsPerBatch, OnMissing OnMissing, BarOrder Order);

    public sealed record NodePlan(int[] Inputs, int Period, bool MustBeOrdered, int GivesNothingEvery, int FailsAt, bool Executes, NodeTrigger Trigger);

    private sealed class PlannedNode(string name, NodePlan plan, Node[] inputs, List<string> orderedCalls, int thread)
        : Node(new NodeOptions { Name = name, Inputs = inputs, Period = plan.Period, Trigger = plan.Trigger })
    {
        private int _calls;

        public override bool CanComputeInParallel => !plan.MustBeOrdered;

        protected internal override Payload Compute(CacheView view)
        {
            _calls++;
            if (plan.MustBeOrdered)
            {
                Assert.Equal(thread, Environment.CurrentManagedThreadId);
                orderedCalls.Add($"{Name} {_calls}");
            }

            if (plan.FailsAt > 0 && _calls == plan.FailsAt)
            {
                throw new FormatException("Planned.");
            }

            if (plan.GivesNothingEvery > 0 && _calls % plan.GivesNothingEvery == 0)
            {
                return Payload.None;
            }

            double result = _calls;
            foreach (StreamKey upstream in view.Upstreams)
            {
                SeriesView series = view[upstream];
                foreach (string column in series.Columns)
                {
                    foreach (double value in series.Values(column))
                    {
                        result = result * 0.9 + (double.IsNaN(value) ? 1 : value) / series.Count;
                    }
                }
            }

            return result;
        }
    }
}
