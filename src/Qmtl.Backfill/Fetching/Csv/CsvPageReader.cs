using System.Globalization;
using CsvHelper;
using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.Fetching.Csv;

/// <summary>Reads the rows of one answer from the blocks of a file that can hold them.</summary>
internal sealed class CsvPageReader
{
    private const int MostNotes = 10;

    private readonly CsvIndex _index;
    private readonly string _key;
    private readonly TimeRange _window;
    private readonly List<long> _timestamps = [];
    private readonly SubSeconds _subSeconds = new();
    private readonly ColumnBuilder[] _values;
    private readonly CsvTimes _times;
    private readonly List<SourceNote> _notes = [];
    private long _unreadable;

    private CsvPageReader(CsvIndex index, StreamKey stream, TimeRange range)
    {
        _index = index;
        _key = index.KeyOf(stream.NodeId);
        _times = new CsvTimes(index.Layout, index.TimeForm);
        _values = [.. index.Layout.Payload.Select(column => column.Collect())];

        // Also a row between two opens belongs to the answer: it has to be counted as off the grid.
        _window = stream.Interval.TimeOf(range);
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
        long linesBefore = block.Line - parser.RawRow;
        for (int row = 0; row < block.Rows && parser.Read(); row++)
        {
            if (_times.Read(parser, out long timestamp, out int nanoseconds) is not null)
            {
                _unreadable += _window.Contains(place) ? 1 : 0;
                continue;
            }

            place = timestamp;
            if (_window.Contains(timestamp) && CsvRow.Node(parser, _index.Layout) == _key)
            {
                _subSeconds.Set(_timestamps.Count, nanoseconds);
                AddRow(parser, timestamp, linesBefore);
            }
        }
    }

    private void AddRow(CsvParser parser, long timestamp, long linesBefore)
    {
        _timestamps.Add(timestamp);
        for (int i = 0; i < _values.Length; i++)
        {
            CsvColumn column = _index.Layout.Payload[i];
            string field = parser[column.Index];
            if (!column.TryAdd(_values[i], field) && _notes.Count < MostNotes)
            {
                string place = string.Create(CultureInfo.InvariantCulture, $"of line {linesBefore + parser.RawRow}");
                _notes.Add(new SourceNote(SourceNoteKind.Value, SourceNote.Misfit(CsvText.Decode(field), column.Name, place)));
            }
        }
    }

    private IEnumerable<SourceNote> FileNotes()
    {
        if (_index.UnitNote is { } units)
        {
            yield return new SourceNote(SourceNoteKind.TimeUnit, units);
        }

        if (_index.AnyWithoutOffset)
        {
            yield return SourceNote.TimesWithoutOffset;
        }
    }

    private RawBars Build() => new(_timestamps.ToArray(), [.. _values.Select(values => values.Build())])
    {
        Nanoseconds = _subSeconds.Build(_timestamps.Count),
        Unreadable = RejectedRows.None.Plus(RejectionReason.Unreadable, _unreadable),
        Notes = [.. FileNotes(), .. _notes],
        About = _index.Extents[_key],
    };
}
