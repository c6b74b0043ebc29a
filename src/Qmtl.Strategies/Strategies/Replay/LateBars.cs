using Qmtl.Data;
using Qmtl.Streams;
using Qmtl.Time;

namespace Qmtl.Strategies.Replay;

/// <summary>Counts the live bars that came after newer ones, and warns of the first of each stream. Safe for several threads.</summary>
internal sealed class LateBars(Action<string>? warn)
{
    private readonly Lock _gate = new();
    private readonly HashSet<StreamKey> _warned = [];
    private (StreamKey Stream, long Timestamp)? _last;
    private long _count;

    /// <summary>How many there were. A bar that is late for several nodes counts once.</summary>
    public long Count => Volatile.Read(ref _count);

    /// <summary>Begins anew.</summary>
    public void Clear()
    {
        lock (_gate)
        {
            _warned.Clear();
            _last = null;
            _count = 0;
        }
    }

    /// <summary>Takes note of a bar that a node does not compute from.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="timestamp">The bar's open.</param>
    /// <param name="node">The node.</param>
    /// <param name="input">Its input of which it has taken in a newer bar already.</param>
    /// <param name="newer">That bar's open.</param>
    public void Note(StreamKey stream, long timestamp, Node node, StreamKey input, long newer)
    {
        lock (_gate)
        {
            if (_last == (stream, timestamp))
            {
                return;
            }

            _last = (stream, timestamp);
            _count++;
            if (!_warned.Add(stream))
            {
                return;
            }
        }

        warn?.Invoke(
            $"The bar {UnixTime.Format(timestamp)} of {stream} came after {UnixTime.Format(newer)} of {input}. It is kept, but the node "
                + $"'{node.Name}' and what computes from it give nothing for it, because what follows it has been computed already. "
                + $"Further ones of this stream are only counted.");
    }
}
