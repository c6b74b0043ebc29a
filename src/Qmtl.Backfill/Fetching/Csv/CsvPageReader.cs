using CsvHelper;
using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.Fetching.Csv;

/// <summary>Reads the rows of one answer from the blocks of a file that can hold them.</summary>
internal sealed class CsvPageReader
{
    private readonly CsvIndex _index;
    private readonly string _key;
    private readonly TimeRange _window;
    private readonly List<long> _timestamps = [];
    private readonly CsvColumnValues[] _values;
    private long _unreadable;

    private CsvPageReader(CsvIndex index, StreamKey stream, TimeRange range)
    {
        _index = index;
        _key = index.KeyOf(stream.NodeId);
        _values = [.. index.Layout.Payload.Select(column => column.Collect())];

        // Also a row between two opens belongs to the answer: it has to be counted as off the grid.
        _window = new TimeRange(range.Start, range.End + stream.Interval.Seconds - 1);
    }

    /// <summary>Reads the rows of <paramref name="stream"/> inside <paramref name="range"/>, both ends on the grid.</summary>
    public static RawBars Read(string path, CsvIndex index, StreamKey stream, TimeRange range, CancellationToken cancellationToken)
    {
        var page = new CsvPageReader(index, stream, range);
        CsvParser? parser = null;
        try
        {
            int next = -1;
            for (int i = 0; i < index.Blocks.Count; i++)
            {
                CsvBlock block = index.Blocks[i];
                if (!page.MayHoldRows(block))
                {
                    continue;
                }

                cancellationToken.ThrowIfCancellationRequested();
                if (i != next)
                {
                    parser?.Dispose();
                    parser = CsvText.Open(path, block.Offset, index.Layout.Delimiter);
                }

                page.ReadBlock(parser!, block);
                next = i + 1;
            }
        }
        finally
        {
            parser?.Dispose();
        }

        return page.Build();
    }

    private bool MayHoldRows(CsvBlock block) =>
        block.Times?.Overlaps(_window) == true || _window.Contains(block.Before ?? _index.FirstTime);

    private void ReadBlock(CsvParser parser, CsvBlock block)
    {
        // A row without a time belongs where its neighbour is, so that it is counted in one answer and not in all.
        long place = block.Before ?? _index.FirstTime;
        for (int row = 0; row < block.Rows && parser.Read(); row++)
        {
            if (CsvRow.Read(parser, _index.Layout, out long timestamp, out _) is not null)
            {
                _unreadable += _window.Contains(place) ? 1 : 0;
                continue;
            }

            place = timestamp;
            if (_window.Contains(timestamp) && CsvRow.Node(parser, _index.Layout) == _key)
            {
                AddRow(parser, timestamp);
            }
        }
    }

    private void AddRow(CsvParser parser, long timestamp)
    {
        _timestamps.Add(timestamp);
        for (int i = 0; i < _values.Length; i++)
        {
            _values[i].Add(parser[_index.Layout.Payload[i].Index]);
        }
    }

    private RawBars Build() => new(_timestamps.ToArray(), [.. _values.Select(values => values.Build())])
    {
        Unreadable = RejectedRows.None.Plus(RejectionReason.Unreadable, _unreadable),
        About = _index.Extents[_key],
    };
}
