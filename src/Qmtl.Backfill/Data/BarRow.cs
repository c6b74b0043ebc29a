using System.Diagnostics.CodeAnalysis;

namespace Qmtl.Data;

/// <summary>One bar of a <see cref="BarFrame"/>, seen as a row. It points into the frame and copies nothing.</summary>
[SuppressMessage(
    "Performance",
    "CA1815:Override equals and operator equals on value types",
    Justification = "A cursor into a frame; nobody compares two.")]
public readonly struct BarRow
{
    private readonly BarFrame _frame;
    private readonly int _index;

    internal BarRow(BarFrame frame, int index)
    {
        _frame = frame;
        _index = index;
    }

    /// <summary>The bar's open: Unix seconds, UTC.</summary>
    public long Timestamp => _frame.Timestamps[_index];

    /// <summary>The frame that the bar is in.</summary>
    public BarFrame Frame => _frame;

    /// <summary>The bar's place in <see cref="Frame"/>, from 0.</summary>
    public int Index => _index;

    /// <summary>The payload's columns, in order.</summary>
    public IReadOnlyList<BarColumn> Columns => _frame.Columns;

    /// <summary>The value in the column of that name (case is ignored), or null where it is null or there is no such column.</summary>
    public object? this[string column] => _frame.FindColumn(column)?.GetValue(_index);

    /// <summary>The value in the column at that position, or null.</summary>
    public object? this[int column] => _frame.Columns[column].GetValue(_index);
}
