using Qmtl.Messages;
using Qmtl.Time;

namespace Qmtl.Data;

/// <summary>A node's id, or what ids look like, as an operator writes it.</summary>
/// <param name="Text">What was written. A stored node whose id is exactly this is always the one that is meant.</param>
/// <param name="Matches">Whether an id is like it; null, the default, where the text is an id and nothing else.</param>
internal sealed record NodeName(string Text, Func<string, bool>? Matches = null);

/// <summary>What was asked for and is not there.</summary>
/// <param name="Name">The name as it was written; null where no node was named.</param>
/// <param name="IsOfOneStream">Whether a stream was named, rather than what streams are like.</param>
/// <param name="Message">A sentence for a person, with the nearest names that there are.</param>
internal sealed record MissingStream(string? Name, bool IsOfOneStream, string Message)
{
    /// <summary>The streams of the name, as if it were an id; none where no interval is named.</summary>
    public IReadOnlyList<StreamKey> Streams { get; init; } = [];
}

/// <summary>Which of the streams of a store an operator means: ids or what they look like, each in every interval.</summary>
internal sealed class StreamSelection
{
    private const int MostListed = 6;

    // For ids that are looked at by themselves: whether they can be one.
    private static readonly BarInterval AnyInterval = BarInterval.FromSeconds(60);

    /// <summary>The nodes; all by default.</summary>
    public IReadOnlyList<NodeName> Nodes { get; init; } = [];

    /// <summary>Nodes that are left out, of those that are not named by their id; none by default.</summary>
    public IReadOnlyList<NodeName> Except { get; init; } = [];

    /// <summary>The intervals; all in which a node is stored by default.</summary>
    public IReadOnlyList<BarInterval> Intervals { get; init; } = [];

    /// <summary>
    /// The streams as they are named, stored or not: every node in every interval. Null where only a list of streams can tell which are
    /// meant: no node or no interval is named, or some node by what it looks like.
    /// </summary>
    /// <exception cref="ArgumentException">A node's id cannot be one.</exception>
    public IReadOnlyList<StreamKey>? Named =>
        Nodes.Count > 0 && Intervals.Count > 0 && Nodes.All(node => node.Matches is null)
            ?
            [
                .. (from node in Nodes
                    where !IsExcepted(node.Text)
                    from interval in Intervals
                    select new StreamKey(node.Text, interval)).Distinct(),
            ]
            : null;

    /// <summary>Those of the stored streams that are meant, in the order of the names, and what of the names is not there.</summary>
    /// <param name="stored">All streams that there are.</param>
    /// <param name="place">Where they are, for people.</param>
    /// <exception cref="ArgumentException">A node's id cannot be one.</exception>
    public (IReadOnlyList<StreamKey> Streams, IReadOnlyList<MissingStream> Missing) From(IReadOnlyList<StreamKey> stored, string place)
    {
        ArgumentNullException.ThrowIfNull(stored);
        var missing = new List<MissingStream>();
        var found = new List<StreamKey>();
        foreach (NodeName? name in Nodes.DefaultIfEmpty<NodeName?>(null))
        {
            StreamKey[] nodes = [.. stored.Where(stream => name is null || stream.NodeId == name.Text)];
            bool isOne = name is not null && (nodes.Length > 0 || name.Matches is null);
            _ = isOne ? new StreamKey(name!.Text, AnyInterval) : default;
            nodes = nodes.Length == 0 && name?.Matches is { } matches ? [.. stored.Where(stream => matches(stream.NodeId))] : nodes;
            if (nodes.Length == 0)
            {
                missing.Add(new MissingStream(name?.Text, isOne, NoNode(name, stored, place))
                {
                    Streams = name is null ? [] : [.. Intervals.Select(interval => new StreamKey(name.Text, interval))],
                });
                continue;
            }

            nodes = [.. nodes.Where(stream => !IsExcepted(stream.NodeId))];
            found.AddRange(nodes.Where(stream => Intervals.Count == 0 || Intervals.Contains(stream.Interval)));
            missing.AddRange(
                from interval in Intervals
                where nodes.Length > 0 && nodes.All(stream => stream.Interval != interval)
                select new MissingStream(name?.Text, isOne, NoInterval(name, interval, nodes, place))
                {
                    Streams = isOne ? [new StreamKey(name!.Text, interval)] : [],
                });
        }

        return ([.. found.Distinct()], missing);
    }

    private static string NoNode(NodeName? name, IReadOnlyList<StreamKey> stored, string place)
    {
        string[] ids = [.. stored.Select(stream => stream.NodeId).Distinct(StringComparer.Ordinal)];
        string way = ids.Length switch
        {
            0 => $"{place} holds no bars at all",
            _ when name is null => $"{place} holds no bars",
            _ when name.Matches is not null => $"{place} holds no node like '{PlainText.OneLine(name.Text, 60)}'",
            _ => $"{place} holds no node '{PlainText.OneLine(name.Text, 60)}'",
        };
        string? near = name is null ? null : NearestNames.Ask(name.Text, ids);
        return ids.Length is > 0 and <= MostListed && near is null
            ? $"{way}; it holds {NearestNames.Listed(ids, "and")}."
            : $"{way}. {near}".TrimEnd();
    }

    private static string NoInterval(NodeName? name, BarInterval interval, StreamKey[] nodes, string place)
    {
        string[] intervals = [.. nodes.Select(stream => stream.Interval.ToString()).Distinct(StringComparer.Ordinal)];
        string what = name is null ? "nothing" : $"no '{PlainText.OneLine(name.Text, 60)}'";
        return $"{place} holds {what} in bars of {interval}, but of {NearestNames.Listed(intervals, "and")}.";
    }

    private bool IsExcepted(string nodeId) => Except.Any(name => name.Text == nodeId || name.Matches?.Invoke(nodeId) == true);
}
