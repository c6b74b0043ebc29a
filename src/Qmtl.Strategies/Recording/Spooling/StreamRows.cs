using System.Runtime.InteropServices;
using Qmtl.Data;

namespace Qmtl.Recording.Spooling;

/// <summary>
/// The recorded rows of one stream, in groups that can be written one after the other with the same outcome as writing row by row.
/// </summary>
/// <remarks>
/// A row sets the columns that it has and leaves the others alone, so rows with different columns are neither filled up with nulls nor
/// merged; each set of columns is a group. Two rows of one bar have to be written in the order in which they were recorded: where their
/// columns differ, the later goes into a group of a later layer. Rows of different bars may be written in any order.
/// </remarks>
internal sealed class StreamRows(StreamKey stream)
{
    private readonly List<RowGroup> _groups = [];
    private Dictionary<long, RowGroup>? _groupOfBar;

    public StreamKey Stream => stream;

    /// <summary>The groups, in the order in which they have to be written.</summary>
    public IEnumerable<RowGroup> Groups() => _groups.OrderBy(group => group.Layer);

    /// <summary>Adds the rows of a record.</summary>
    public void Add(RowShape shape, ref RecordReader reader, int count)
    {
        if (_groups.Count == 0)
        {
            _groups.Add(new RowGroup(0, shape.Columns));
        }

        if (_groupOfBar is null && _groups[0].Holds(shape.Columns))
        {
            _groups[0].Decode(ref reader, count, shape.Columns);
            return;
        }

        _groupOfBar ??= GroupsOfBars(_groups[0]);
        var rows = new RowGroup(0, shape.Columns);
        rows.Decode(ref reader, count, shape.Columns);
        for (int row = 0; row < count; row++)
        {
            Place(rows, row, shape.Columns);
        }
    }

    private static Dictionary<long, RowGroup> GroupsOfBars(RowGroup group)
    {
        var groups = new Dictionary<long, RowGroup>();
        foreach (long bar in group.Timestamps)
        {
            groups[bar] = group;
        }

        return groups;
    }

    private void Place(RowGroup rows, int row, ShapeColumn[] columns)
    {
        ref RowGroup? group = ref CollectionsMarshal.GetValueRefOrAddDefault(_groupOfBar!, rows.Timestamps[row], out _);
        if (group is null || !group.Holds(columns))
        {
            group = GroupOf(group is null ? 0 : group.Layer + 1, columns);
        }

        group.Append(rows, row);
    }

    private RowGroup GroupOf(int layer, ShapeColumn[] columns)
    {
        RowGroup? group = _groups.Find(known => known.Layer == layer && known.Holds(columns));
        if (group is null)
        {
            _groups.Add(group = new RowGroup(layer, columns));
        }

        return group;
    }
}
