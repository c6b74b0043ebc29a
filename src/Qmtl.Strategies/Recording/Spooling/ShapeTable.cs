using Qmtl.Data;

namespace Qmtl.Recording.Spooling;

/// <summary>The shapes of the rows that a service records. One thread at a time.</summary>
internal sealed class ShapeTable
{
    // Objects without fixed fields can make any number of shapes; they must not take any amount of memory.
    private const int MostOfStream = 256;

    private readonly Dictionary<StreamKey, List<RowShape>> _shapes = [];
    private RowShape? _last;
    private IReadOnlyList<BarColumn>? _lastColumns;
    private int _count;

    /// <summary>The shape of rows, a new one where there is none like it.</summary>
    public RowShape Find(StreamKey stream, IReadOnlyList<BarColumn> columns)
    {
        // Row after row of one frame is the usual case, and a frame's columns do not change.
        if (_last is not null && stream == _last.Stream && (ReferenceEquals(columns, _lastColumns) || _last.Matches(stream, columns)))
        {
            _lastColumns = columns;
            return _last;
        }

        if (!_shapes.TryGetValue(stream, out List<RowShape>? shapes))
        {
            _shapes.Add(stream, shapes = []);
        }

        _lastColumns = columns;
        _last = shapes.Find(shape => shape.Matches(stream, columns));
        if (_last is null)
        {
            _last = new RowShape(_count++, stream, [.. columns.Select(ShapeColumn.Of)]);
            if (shapes.Count == MostOfStream)
            {
                shapes.Clear();
            }

            shapes.Add(_last);
        }

        return _last;
    }
}
