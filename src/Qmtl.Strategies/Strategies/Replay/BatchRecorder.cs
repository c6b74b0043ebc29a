using Qmtl.Data;
using Qmtl.Streams;

namespace Qmtl.Strategies.Replay;

/// <summary>
/// Finds what is to be recorded of a batch: the processed bars of streams that have a recorder, as rows of the pages that they came in.
/// </summary>
internal sealed class BatchRecorder(IReadOnlyList<StreamInput> streams)
{
    private readonly bool _isNeeded = streams.Any(stream => stream.EventService is not null);
    private readonly OpenRows[] _open = new OpenRows[streams.Count];

    /// <summary>The first <paramref name="processed"/> bars of the batch, those of a stream in their order.</summary>
    public IEnumerable<(StreamInput Stream, BarFrame Rows)> RowsOf(EventBatch batch, int processed)
    {
        for (int at = 0; _isNeeded && at < processed; at++)
        {
            (int stream, BarFrame page, int row) = (batch[at].Stream, batch[at].Frame, batch[at].Row);
            if (streams[stream].EventService is null)
            {
                continue;
            }

            if (_open[stream].Page is { } before && before != page)
            {
                yield return Close(stream);
            }

            OpenRows open = _open[stream];
            _open[stream] = open.Page is null ? new OpenRows(page, row, 1) : open with { Count = open.Count + 1 };
        }

        for (int stream = 0; stream < _open.Length; stream++)
        {
            if (_open[stream].Page is not null)
            {
                yield return Close(stream);
            }
        }
    }

    private (StreamInput Stream, BarFrame Rows) Close(int stream)
    {
        OpenRows rows = _open[stream];
        _open[stream] = default;
        return (streams[stream], rows.Page!.Slice(rows.Start, rows.Count));
    }

    private readonly record struct OpenRows(BarFrame? Page, int Start, int Count);
}
