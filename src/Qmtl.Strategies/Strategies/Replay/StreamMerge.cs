using Qmtl.Data;

namespace Qmtl.Strategies.Replay;

/// <summary>
/// Merges the bars of all streams by their opens or closes; of bars of the same instant, that of the stream declared first comes first. It
/// holds one page of each stream at a time.
/// </summary>
/// <param name="graph">Knows the streams, and the instant of a bar that counts for the order.</param>
internal sealed class StreamMerge(PipelineGraph graph)
{
    private readonly (BarFrame Page, int Row, long Open)[] _cursors = new (BarFrame, int, long)[graph.Streams.Count];
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
            _cursors[stream] = (page, 0, open);
            _next.Enqueue(stream, (graph.InstantOf(stream, open), stream));
        }
    }

    /// <summary>Adds bars to the batch until it is full or the streams have ended.</summary>
    /// <returns>The stream that needs its next page before it can go on; -1 where none does.</returns>
    public int Fill(EventBatch batch)
    {
        while (!batch.IsFull && _next.TryPeek(out int stream, out _))
        {
            ref (BarFrame Page, int Row, long Open) cursor = ref _cursors[stream];
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
}
