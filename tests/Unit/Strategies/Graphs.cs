using System.Globalization;
using Qmtl.Caching;
using Qmtl.Data;
using Qmtl.Payloads;
using Qmtl.Strategies;
using Qmtl.Streams;
using Qmtl.Unit.Streams;

namespace Qmtl.Unit.Strategies;

/// <summary>Streams and nodes for tests of the pipeline, in few words.</summary>
internal static class Graphs
{
    /// <summary>A stream of minutes whose cache holds the given bars.</summary>
    public static StreamInput Stream(string id, BarFrame? bars = null)
    {
        var stream = new StreamInput(new StreamInputOptions { NodeId = id, Interval = Bars.Minute, Period = 10_000 });
        if (bars is not null)
        {
            stream.Cache.BackfillBulk(stream.Key, bars);
        }

        return stream;
    }

    /// <summary>A node that adds up all values its inputs hold.</summary>
    public static ComputeNode Sum(string name, params Node[] inputs) => Sum(name, 1, inputs);

    /// <summary>A node that adds up the latest <paramref name="period"/> values of its inputs.</summary>
    public static ComputeNode Sum(string name, int period, params Node[] inputs)
    {
        (StreamKey Key, string Column)[] columns = ColumnsOf(inputs);
        return new ComputeNode(name, inputs, view => SumOf(view, columns), period);
    }

    /// <summary>The key of each node, with the column that its results are in.</summary>
    public static (StreamKey Key, string Column)[] ColumnsOf(IEnumerable<Node> inputs) =>
        [.. inputs.Select(input => (input.Key, input is StreamInput ? "close" : Payload.ValueColumn))];

    /// <summary>The sum of all values of these columns.</summary>
    public static double SumOf(CacheView view, (StreamKey Key, string Column)[] columns)
    {
        double sum = 0;
        foreach ((StreamKey key, string column) in columns)
        {
            foreach (double value in view[key].Values(column))
            {
                sum += value;
            }
        }

        return sum;
    }

    /// <summary>What a replay of the streams' caches gives, a line a result: name, minute and value.</summary>
    public static List<string> Replay(Pipeline pipeline)
    {
        var lines = new List<string>();
        pipeline.Replay(result => lines.Add(Line(result)));
        return lines;
    }

    /// <summary>Name, minute since the epoch and value, for example <c>fast@3=1.5</c>.</summary>
    public static string Line(NodeResult result) => string.Create(CultureInfo.InvariantCulture, $"{result.Node.Name}@{result.Timestamp / 60.0}={result.Payload}");
}
