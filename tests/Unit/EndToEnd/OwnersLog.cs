using System.Text.Json;

namespace Qmtl.Unit.EndToEnd;

/// <summary>Which process had which kept stream and when, by what the processes log.</summary>
internal sealed class OwnersLog
{
    private readonly List<(DateTimeOffset Time, int Process, string Stream, bool Came)> _moves = [];
    private readonly Dictionary<int, DateTimeOffset> _lost = [];

    /// <summary>From now on what the process has counts for nothing.</summary>
    public void Lose(int process, DateTimeOffset time) => _lost[process] = time;

    /// <summary>Takes a process's log, lines of JSON.</summary>
    public void Read(int process, string log)
    {
        foreach (string line in log.Split('\n').Where(static line => line.StartsWith('{')))
        {
            using JsonDocument entry = JsonDocument.Parse(line);
            string name = entry.RootElement.GetProperty("event").GetString()!;
            if (name is "cluster.stream_came" or "cluster.stream_went")
            {
                DateTimeOffset time = entry.RootElement.GetProperty("timestamp").GetDateTimeOffset();
                _moves.Add((time, process, entry.RootElement.GetProperty("stream").GetString()!, name == "cluster.stream_came"));
            }
        }
    }

    /// <summary>For each stream how long it was without any owner at the most, from when it first had one until the end.</summary>
    public IReadOnlyList<(string Stream, TimeSpan Longest, TimeSpan At)> FindGaps(DateTimeOffset end) =>
        [.. _moves.GroupBy(static move => move.Stream).Select(group => FindGap(group.Key, [.. group], end))];

    private (string Stream, TimeSpan Longest, TimeSpan At) FindGap(
        string stream, List<(DateTimeOffset Time, int Process, string Stream, bool Came)> moves, DateTimeOffset end)
    {
        moves.AddRange(_lost.Select(lost => (lost.Value, lost.Key, stream, false)));
        DateTimeOffset? since = null;
        (TimeSpan Longest, TimeSpan At) gap = default;
        HashSet<int> owners = [];
        DateTimeOffset first = moves.Min(static move => move.Time);
        foreach ((DateTimeOffset time, int process, _, bool came) in moves
            .OrderBy(static move => move.Time)
            .Where(move => move.Time <= end && (!move.Came || !_lost.TryGetValue(move.Process, out DateTimeOffset lost) || move.Time < lost)))
        {
            bool had = owners.Count > 0;
            _ = came ? owners.Add(process) : owners.Remove(process);
            if (had && owners.Count == 0)
            {
                since = time;
            }
            else if (!had && owners.Count > 0 && since is { } began && time - began > gap.Longest)
            {
                gap = (time - began, began - first);
            }
        }

        return owners.Count == 0 && since is { } never && end - never > gap.Longest
            ? (stream, end - never, never - first)
            : (stream, gap.Longest, gap.At);
    }
}
