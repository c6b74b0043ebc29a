using Qmtl.Data;

namespace Qmtl.Strategies.Replay;

/// <summary>
/// Merges the bars of all streams by their opens; of bars that open at the same time, that of the stream declared first comes first. It
/// holds one page of each stream at a time.
/// </summary>
internal sealed class StreamMerge(int streams)
{
    private readonly (BarFrame Page, int Row)[] _cursors = new (BarFrame, int)[streams];
    private readonly PriorityQueue<int, (long Timestamp, int Stream)> _next = new(streams);

    /// <summary>Gives a stream its first page, or the one after that it used up.</summary>
    /// <param name="stream">The stream's place.</param>
    /// <param name="page">A page with at least one bar, all of them after those of the page before; null where the stream has ended.</param>
    public void SetPage(int stream, BarFrame? page)
    {
        if (page is not null)
        {
            _cursors[stream] = (page, 0);
            _next.Enqueue(stream, (page.Timestamps[0], stream));
        }
    }

    /// <summary>Adds bars to the batch until it is full or the streams have ended.</summary>
    /// <returns>The stream that needs its next page before it can go on; -1 where none does.</returns>
    public int Fill(EventBatch batch)
    {
        while (!batch.IsFull && _next.TryPeek(out int stream, out (long Timestamp, int Stream) first))
        {
            ref (BarFrame Page, int Row) cursor = ref _cursors[stream];
            batch.Add(stream, cursor.Page, cursor.Row, first.Timestamp);
            cursor.Row++;
            if (cursor.Row == cursor.Page.Count)
            {
                _next.Dequeue();
                return stream;
            }

            _next.DequeueEnqueue(stream, (cursor.Page.Timestamps[cursor.Row], stream));
        }

        return -1;
    }
}
