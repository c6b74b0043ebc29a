using System.Runtime.InteropServices;
using Qmtl.Data;

namespace Qmtl.Strategies.Replay;

/// <summary>Bars of all streams in the order they are processed in. It is filled, processed and filled again.</summary>
internal sealed class EventBatch
{
    private readonly Event[] _events;
    private readonly int[] _all;
    private readonly List<int>[] _ofStream;

    /// <summary>An empty batch for at most <paramref name="capacity"/> bars of <paramref name="streams"/> streams.</summary>
    public EventBatch(int capacity, int streams)
    {
        _events = new Event[capacity];
        _all = [.. Enumerable.Range(0, capacity)];
        _ofStream = [.. Enumerable.Range(0, streams).Select(_ => new List<int>())];
    }

    /// <summary>How many bars there are.</summary>
    public int Count { get; private set; }

    /// <summary>Whether there is no room for another.</summary>
    public bool IsFull => Count == _events.Length;

    /// <summary>The places of all bars, ascending.</summary>
    public ReadOnlySpan<int> All => _all.AsSpan(0, Count);

    /// <summary>The bar at a place.</summary>
    public ref readonly Event this[int at] => ref _events[at];

    /// <summary>The places of one stream's bars, ascending.</summary>
    public ReadOnlySpan<int> OfStream(int stream) => CollectionsMarshal.AsSpan(_ofStream[stream]);

    /// <summary>Adds a bar after the others.</summary>
    public void Add(int stream, BarFrame frame, int row, long timestamp)
    {
        _ofStream[stream].Add(Count);
        _events[Count++] = new Event(frame, row, stream, timestamp);
    }

    /// <summary>Makes room.</summary>
    public void Clear()
    {
        Count = 0;
        foreach (List<int> places in _ofStream)
        {
            places.Clear();
        }
    }

    /// <summary>One bar of one stream.</summary>
    /// <param name="Frame">The page that it is in.</param>
    /// <param name="Row">Its row there.</param>
    /// <param name="Stream">The stream's place among the pipeline's streams.</param>
    /// <param name="Timestamp">Its open: Unix seconds, UTC.</param>
    public readonly record struct Event(BarFrame Frame, int Row, int Stream, long Timestamp);
}
