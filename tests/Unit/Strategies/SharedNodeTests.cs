using Qmtl.Strategies;
using Qmtl.Streams;
using Qmtl.Unit.Streams;

namespace Qmtl.Unit.Strategies;

/// <summary>
/// Nodes in several pipelines: one after the other they may be used, at once they are refused, whatever ended the first run.
/// </summary>
public class SharedNodeTests
{
    private readonly StreamInput _stream = Graphs.Stream("S", Bars.AtMinutes(1, 2, 3));
    private readonly Node _sum;

    public SharedNodeTests() => _sum = Graphs.Sum("sum", 2, _stream);

    [Fact]
    public void A_node_in_use_is_refused_by_name_until_the_other_run_has_ended()
    {
        var other = new Pipeline([Graphs.Sum("after", _sum)]);
        var errors = new List<string>();

        new Pipeline([_sum]).Replay(_ =>
        {
            errors.Add(Assert.Throws<InvalidOperationException>(() => other.Replay(_ => { })).Message);
            errors.Add(Assert.Throws<InvalidOperationException>(() => other.Feed(_stream, 240, 1.0)).Message);
        });

        Assert.Equal(4, errors.Count);
        Assert.All(errors, error => Assert.Contains("'sum' is in use by another pipeline", error, StringComparison.Ordinal));
        Assert.Equal(["sum@2=3", "after@2=3", "sum@3=5", "after@3=5"], Graphs.Replay(other));
    }

    [Fact]
    public async Task A_run_that_fails_or_is_left_gives_its_nodes_back()
    {
        Node faulty = new ComputeNode("faulty", [_sum], double (_) => throw new FormatException("No."));
        Assert.Throws<NodeFailedException>(() => new Pipeline([faulty]).Replay(_ => { }));
        await Assert.ThrowsAsync<NodeFailedException>(() => new Pipeline([faulty]).ReplayAsync(_ => { }));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => new Pipeline([_sum]).ReplayAsync(_ => { }, new CancellationToken(canceled: true)));
        await foreach (NodeResult _ in new Pipeline([_sum], new PipelineOptions { BarsPerBatch = 1 }).ReplayAsync())
        {
            break;
        }

        Assert.Equal(["sum@2=3", "sum@3=5"], Graphs.Replay(new Pipeline([_sum])));
    }

    [Fact]
    public void A_refused_run_keeps_no_node_and_leaves_the_running_one_its_own()
    {
        Node free = Graphs.Sum("free", _stream);
        var both = new Pipeline([free, _sum]);
        int times = 0;

        new Pipeline([_sum]).Replay(_ =>
        {
            Assert.Throws<InvalidOperationException>(() => both.Replay(_ => { }));
            Assert.Equal(3, Graphs.Replay(new Pipeline([free])).Count);
            times++;
        });

        Assert.Equal(2, times);
    }

    [Fact]
    public async Task Of_two_runs_at_once_each_is_right_or_refused()
    {
        StreamInput stream = Graphs.Stream("LONG", Bars.AtMinutes(Enumerable.Range(0, 2000)));
        Node sum = Graphs.Sum("sum", 5, stream);
        List<string> right = Graphs.Replay(new Pipeline([sum]));

        for (int i = 0; i < 10; i++)
        {
            using var start = new Barrier(2);
            List<string>?[] runs = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => Task.Factory.StartNew(
                () =>
                {
                    start.SignalAndWait();
                    try
                    {
                        return Graphs.Replay(new Pipeline([sum]));
                    }
                    catch (InvalidOperationException)
                    {
                        return null;
                    }
                },
                CancellationToken.None,
                TaskCreationOptions.LongRunning,
                TaskScheduler.Default)));

            Assert.Contains(runs, run => run is not null);
            Assert.All(runs.OfType<List<string>>(), run => Assert.Equal(right, run));
        }
    }
}
