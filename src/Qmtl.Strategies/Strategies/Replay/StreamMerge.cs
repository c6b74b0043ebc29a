using Qmtl.Data;

namespace Qmtl.Strategies.Replay;

/// <summary>
/// Merges the bars of all streams by their opens or closes; of bars of the same instant, that of the stream declared first comes first. It
/// holds one page of each stream at a time, or the place of a bar that is still to come.
/// </summary>
/// <param name="graph">Knows the streams, and the instant of a bar that counts for the order.</param>
internal sealed class StreamMerge(PipelineGraph graph)
{
    private readonly Cursor[] _cursors = new Cursor[graph.Streams.Count];
    private readonly PriorityQueue<int, (long Instant, int Stream)> _next = new(graph.Streams.Count);

    /// <summary>Gives a stream its first page, or the one after that it used up.</summary>
    /// <param name="stream">The stream's place.</param>
    /// <param name="page">A page with at least one bar, all of them after those of the page before; null where the stream has
    /// ended.</param>
    public void SetPage(int stream, BarFrame? page)
    {
        if (page is not null)
        {
            long open = page.Timestamps[0];
            _cursors[stream] = new Cursor(page, 0, open);
            _next.Enqueue(stream, (graph.InstantOf(stream, open), stream));
        }
    }

    /// <summary>Keeps the place of a stream's next bar: what comes after it waits until the stream has a page or another place.</summary>
    /// <param name="stream">The stream's place; it has no page at present.</param>
    /// <param name="open">The earliest open that the bar can have; null where nothing is to wait for the stream.</param>
    public void Await(int stream, long? open)
    {
        if (_cursors[stream].IsAwaited)
        {
            _next.Remove(stream, out _, out _);
        }

        _cursors[stream] = new Cursor(null, 0, open ?? 0) { IsAwaited = open is not null };
        if (open is { } earliest)
        {
            _next.Enqueue(stream, (graph.InstantOf(stream, earliest), stream));
        }
    }

    /// <summary>Adds bars to the batch until it is full, the streams have ended, or the next bar is one that is still to come.</summary>
    /// <returns>The stream that needs its next page before it can go on; -1 where none does.</returns>
    public int Fill(EventBatch batch)
    {
        while (!batch.IsFull && _next.TryPeek(out int stream, out _))
        {
            ref Cursor cursor = ref _cursors[stream];
            if (cursor.Page is null)
            {
                return -1;
            }

            batch.Add(stream, cursor.Page, cursor.Row, cursor.Open);
            cursor.Row++;
            if (cursor.Row == cursor.Page.Count)
            {
                _next.Dequeue();
                return stream;
            }

            cursor.Open = cursor.Page.Timestamps[cursor.Row];
            _next.DequeueEnqueue(stream, (graph.InstantOf(stream, cursor.Open), stream));
        }

        return -1;
    }

    // Of the bar that comes next, with its page; without one, of a bar that is awaited.
    private record struct Cursor(BarFrame? Page, int Row, long Open)
    {
        public bool IsAwaited { get; init; }
    }
}
