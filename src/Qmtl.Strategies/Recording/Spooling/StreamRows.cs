using System.Runtime.InteropServices;
using Qmtl.Data;

namespace Qmtl.Recording.Spooling;

/// <summary>
/// The recorded rows of one stream, in groups of rows with the same columns that can be written one after the other with the same
/// outcome as writing row by row.
/// </summary>
/// <remarks>
/// A row sets the columns that it has and leaves the others alone, so rows with different columns are neither filled up with nulls nor
/// merged. Two rows of one bar have to be written in the order in which they were recorded, so a row goes into no group before one that
/// holds its bar. Rows of different bars may be written in any order.
/// </remarks>
internal sealed class StreamRows(StreamKey stream)
{
    private readonly List<Group> _groups = [];
    private Dictionary<long, int>? _lastGroupOfBar;

    /// <summary>Adds the rows of a record.</summary>
    public void Add(RowShape shape, ref RecordReader reader, int count)
    {
        if (_groups.Count == 0)
        {
            _groups.Add(new Group(shape.Columns));
        }

        if (_lastGroupOfBar is null && _groups[0].Holds(shape.Columns))
        {
            _groups[0].Read(ref reader, count, shape.Columns);
            return;
        }

        _lastGroupOfBar ??= _groups[0].Timestamps.ToArray().Distinct().ToDictionary(bar => bar, _ => 0);
        var rows = new Group(shape.Columns);
        rows.Read(ref reader, count, shape.Columns);
        BarColumn[] columns = rows.Columns();
        Predicate<Group> holds = group => group.Holds(shape.Columns);
        for (int row = 0; row < count; row++)
        {
            ref int last = ref CollectionsMarshal.GetValueRefOrAddDefault(_lastGroupOfBar, rows.Timestamps[row], out _);
            last = _groups.FindIndex(last, holds);
            if (last < 0)
            {
                last = _groups.Count;
                _groups.Add(new Group(shape.Columns));
            }

            _groups[last].Add(rows.Timestamps[row], columns, row);
        }
    }

    /// <summary>The rows as frames, in the order in which they have to be written.</summary>
    public IEnumerable<(StreamKey Stream, BarFrame Frame)> Frames() => _groups.Select(group => (stream, group.ToFrame(stream)));

    /// <summary>Rows with the same columns, in the order in which they were recorded.</summary>
    private sealed class Group(ShapeColumn[] columns)
    {
        private readonly List<long> _timestamps = [];
        private readonly ColumnBuilder[] _builders = Array.ConvertAll(columns, column => ColumnBuilder.Create(column.Name, column.Type));

        public ReadOnlySpan<long> Timestamps => CollectionsMarshal.AsSpan(_timestamps);

        public bool Holds(ShapeColumn[] others)
        {
            bool isLike = others.Length == columns.Length;
            for (int i = 0; isLike && !ReferenceEquals(others, columns) && i < columns.Length; i++)
            {
                isLike = columns[i].IsLike(others[i]);
            }

            return isLike;
        }

        public void Read(ref RecordReader reader, int count, ShapeColumn[] shape)
        {
            _timestamps.AddRange(reader.Read<long>(count));
            for (int i = 0; i < shape.Length; i++)
            {
                shape[i].Read(ref reader, count, _builders[i]);
            }
        }

        public void Add(long timestamp, BarColumn[] from, int row)
        {
            _timestamps.Add(timestamp);
            for (int i = 0; i < from.Length; i++)
            {
                _builders[i].Add(from[i], row);
            }
        }

        public BarColumn[] Columns() => Array.ConvertAll(_builders, builder => builder.Build());

        // In the order of time; of the rows of one bar, the last.
        public BarFrame ToFrame(StreamKey stream)
        {
            BarColumn[] built = Columns();
            bool ascends = true;
            for (int row = 1; row < _timestamps.Count; row++)
            {
                ascends &= _timestamps[row] > _timestamps[row - 1];
            }

            if (ascends)
            {
                return new BarFrame(stream.Interval, _timestamps.ToArray(), built);
            }

            var last = new SortedDictionary<long, int>();
            for (int row = 0; row < _timestamps.Count; row++)
            {
                last[_timestamps[row]] = row;
            }

            int[] rows = [.. last.Values];
            return new BarFrame(stream.Interval, last.Keys.ToArray(), Array.ConvertAll(built, column => column.Select(rows)));
        }
    }
}
