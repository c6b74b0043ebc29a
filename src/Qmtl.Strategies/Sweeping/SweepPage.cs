using Qmtl.Strategies;
using Qmtl.Streams;

namespace Qmtl.Sweeping;

/// <summary>Results of a run in columns, in the order in which they were computed.</summary>
/// <param name="NewNodes">The nodes that give their first result here; they are counted from 0 over all pages of the run.</param>
/// <param name="Nodes">The number of each result's node.</param>
/// <param name="Timestamps">The open of each result's bar: Unix seconds, UTC.</param>
/// <param name="Numbers">Each result that is a number; any for the others.</param>
/// <param name="Others">Each result that is no number (<see cref="SweepValue.Value"/>), null for the numbers; null where all are.</param>
internal sealed record SweepPage(SweepNode[] NewNodes, int[] Nodes, long[] Timestamps, double[] Numbers, object?[]? Others)
{
    /// <summary>How many results there are.</summary>
    public int Count => Nodes.Length;
}

/// <summary>Gathers the results of a run into pages.</summary>
/// <param name="newest">How many of each node are kept; null for all.</param>
/// <param name="plain">What a payload is to whoever reads results elsewhere: a <see cref="double"/>, or an object that travels.</param>
/// <param name="give">Takes each page. The run waits for it.</param>
internal sealed class SweepPages(
    int? newest, Func<NodeResult, object> plain, Func<SweepPage, CancellationToken, ValueTask> give)
{
    private const int MostInPage = 4096;

    private readonly Dictionary<Node, int> _numbers = [];
    private readonly List<Queue<(long At, long Timestamp, object Value)>> _newest = [];
    private readonly List<SweepNode> _newNodes = [];
    private readonly List<int> _nodes = [];
    private readonly List<long> _timestamps = [];
    private readonly List<double> _values = [];
    private object?[]? _others;

    /// <summary>How many results there were.</summary>
    public long Count { get; private set; }

    /// <summary>Takes a result.</summary>
    public async ValueTask AddAsync(NodeResult result, CancellationToken cancellationToken)
    {
        Count++;
        object value = plain(result);
        if (!_numbers.TryGetValue(result.Node, out int node))
        {
            _numbers.Add(result.Node, node = _numbers.Count);
            _newNodes.Add(new SweepNode(result.Node.Name, result.Node.NodeId, result.Node.Interval));
            _newest.Add(new());
        }

        if (newest is not { } most)
        {
            await PutAsync(node, result.Timestamp, value, cancellationToken);
            return;
        }

        _newest[node].Enqueue((Count, result.Timestamp, value));
        if (_newest[node].Count > most)
        {
            _newest[node].Dequeue();
        }
    }

    /// <summary>Gives what is left.</summary>
    public async ValueTask EndAsync(CancellationToken cancellationToken)
    {
        var left = _newest.SelectMany(static (results, node) => results.Select(result => (Node: node, Result: result)));
        foreach ((int node, (_, long timestamp, object value)) in left.OrderBy(static each => each.Result.At))
        {
            await PutAsync(node, timestamp, value, cancellationToken);
        }

        await FlushAsync(cancellationToken);
    }

    private ValueTask PutAsync(int node, long timestamp, object value, CancellationToken cancellationToken)
    {
        _nodes.Add(node);
        _timestamps.Add(timestamp);
        _values.Add(value is double number ? number : 0);
        if (value is not double)
        {
            (_others ??= new object?[MostInPage])[_nodes.Count - 1] = value;
        }

        return _nodes.Count == MostInPage ? FlushAsync(cancellationToken) : ValueTask.CompletedTask;
    }

    private async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        if (_nodes.Count == 0)
        {
            return;
        }

        var page = new SweepPage([.. _newNodes], [.. _nodes], [.. _timestamps], [.. _values], _others?[.._nodes.Count]);
        _newNodes.Clear();
        _nodes.Clear();
        _timestamps.Clear();
        _values.Clear();
        _others = null;
        await give(page, cancellationToken);
    }
}
