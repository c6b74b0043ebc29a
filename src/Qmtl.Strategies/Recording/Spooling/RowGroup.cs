using System.Runtime.InteropServices;
using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.Recording.Spooling;

/// <summary>Recorded rows of one stream with the same columns, in the order in which they were recorded.</summary>
internal sealed class RowGroup(int layer, ShapeColumn[] columns)
{
    private readonly List<long> _timestamps = [];
    private readonly GatheredColumn[] _columns = Array.ConvertAll(columns, GatheredColumn.Create);

    /// <summary>Groups of a lower layer are written first.</summary>
    public int Layer => layer;

    public ReadOnlySpan<long> Timestamps => CollectionsMarshal.AsSpan(_timestamps);

    /// <summary>Whether these are the group's columns; whether they have null marks does not matter.</summary>
    public bool Holds(ShapeColumn[] others)
    {
        if (ReferenceEquals(others, columns))
        {
            return true;
        }

        if (others.Length != columns.Length)
        {
            return false;
        }

        for (int i = 0; i < columns.Length; i++)
        {
            if (columns[i].Type != others[i].Type || columns[i].Name != others[i].Name)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Appends the rows of a record.</summary>
    public void Decode(ref RecordReader reader, int count, ShapeColumn[] shape)
    {
        _timestamps.AddRange(reader.Read<long>(count));
        for (int i = 0; i < _columns.Length; i++)
        {
            _columns[i].Decode(ref reader, count, shape[i].HasMarks);
        }
    }

    /// <summary>Appends a row of a group with the same columns.</summary>
    public void Append(RowGroup rows, int row)
    {
        _timestamps.Add(rows._timestamps[row]);
        for (int i = 0; i < _columns.Length; i++)
        {
            _columns[i].Append(rows._columns[i], row);
        }
    }

    /// <summary>The rows in order; of those of one bar, the last.</summary>
    public BarFrame ToFrame(BarInterval interval)
    {
        long[] timestamps = [.. _timestamps];
        BarColumn[] built = Array.ConvertAll(_columns, column => column.Build());
        if (Ascends(timestamps))
        {
            return new BarFrame(interval, timestamps, built);
        }

        int[] last = LastOfEachBar(timestamps);
        return new BarFrame(interval, Array.ConvertAll(last, row => timestamps[row]), Array.ConvertAll(built, column => column.Select(last)));
    }

    private static bool Ascends(long[] timestamps)
    {
        for (int i = 1; i < timestamps.Length; i++)
        {
            if (timestamps[i] <= timestamps[i - 1])
            {
                return false;
            }
        }

        return true;
    }

    private static int[] LastOfEachBar(long[] timestamps)
    {
        var last = new SortedDictionary<long, int>();
        for (int row = 0; row < timestamps.Length; row++)
        {
            last[timestamps[row]] = row;
        }

        return [.. last.Values];
    }
}
