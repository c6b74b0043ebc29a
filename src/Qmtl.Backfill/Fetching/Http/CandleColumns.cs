using System.Runtime.CompilerServices;
using Qmtl.Data;

namespace Qmtl.Fetching.Http;

/// <summary>What became of a value that was read.</summary>
internal enum CellState : byte
{
    /// <summary>It is not there, or null.</summary>
    Missing,

    /// <summary>It is none of its column's type.</summary>
    Wrong,

    /// <summary>It was read.</summary>
    Read,
}

/// <summary>A value of a row: a number, or a whole one, as its column has it.</summary>
internal struct Cell
{
    public double Amount;
    public long Count;
    public CellState State;
}

/// <summary>A column that a profile names.</summary>
/// <param name="Name">What it is called in the store.</param>
/// <param name="Field">Where a row has it: its index in a list, or its name.</param>
internal sealed record CandleColumn(string Name, string Field)
{
    /// <summary>Whether it counts something, such as trades: its values are whole numbers.</summary>
    public bool IsCount { get; } = ColumnNames.IsAmount(Name) && !ColumnNames.IsMeasure(Name);

    /// <summary>Whether a row without it is no bar.</summary>
    public bool IsNeeded { get; } = ColumnNames.IsMeasure(Name);
}

/// <summary>The columns of an answer while its rows come in.</summary>
internal sealed class CandleColumns
{
    private readonly SubSeconds _subSeconds = new();
    private readonly ColumnBuilder<long> _timestamps;
    private readonly CandleColumn[] _columns;
    private readonly ColumnBuilder<double>?[] _amounts;
    private readonly ColumnBuilder<long>?[] _counts;
    private readonly int[] _countColumns;
    private readonly int _firstAmount;
    private long? _formingFrom;

    /// <param name="columns">The columns that a row has.</param>
    /// <param name="capacity">How many rows are expected.</param>
    public CandleColumns(IReadOnlyList<CandleColumn> columns, int capacity)
    {
        _columns = [.. columns];
        _timestamps = new(ColumnNames.Timestamp, capacity);
        _amounts = Array.ConvertAll(_columns, column => column.IsCount ? null : new ColumnBuilder<double>(column.Name, capacity));
        _countColumns = [.. Enumerable.Range(0, _columns.Length).Where(i => _columns[i].IsCount)];
        _firstAmount = Array.FindIndex(_columns, static column => !column.IsCount);
        _counts = Array.ConvertAll(_columns, column => column.IsCount ? new ColumnBuilder<long>(column.Name, capacity) : null);
    }

    public int Count => _timestamps.Count;

    public RejectedRows Unreadable { get; set; } = RejectedRows.None;

    /// <inheritdoc cref="RawBars.AnsweredAt"/>
    public DateTimeOffset? AnsweredAt { get; set; }

    /// <summary>Adds a row.</summary>
    /// <param name="timestamp">The bar's open: Unix seconds, UTC.</param>
    /// <param name="nanoseconds">How far past that second it opens.</param>
    /// <param name="cells">Its values, one a column.</param>
    /// <param name="isForming">Whether the exchange says that the bar has not closed.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void AddRow(long timestamp, int nanoseconds, Span<Cell> cells, bool isForming)
    {
        _subSeconds.Set(Count, nanoseconds);
        _timestamps.Add(timestamp);

        // A bar without the number of its trades would pass for a whole one; a value that is no number has it rejected, as an amount does.
        foreach (int i in _countColumns)
        {
            if (cells[i].State == CellState.Wrong)
            {
                cells[_firstAmount].State = CellState.Wrong;
            }
        }

        for (int i = 0; i < cells.Length; i++)
        {
            ref readonly Cell cell = ref cells[i];
            if (_amounts[i] is { } amounts)
            {
                if (cell.State == CellState.Read)
                {
                    amounts.Add(cell.Amount);
                }
                else if (cell.State == CellState.Missing && !_columns[i].IsNeeded)
                {
                    amounts.AddNull();
                }
                else
                {
                    amounts.Add(double.NaN);
                }
            }
            else if (cell.State == CellState.Read)
            {
                _counts[i]!.Add(cell.Count);
            }
            else
            {
                _counts[i]!.AddNull();
            }
        }

        if (isForming)
        {
            _formingFrom = Math.Min(_formingFrom ?? long.MaxValue, timestamp);
        }
    }

    /// <summary>The answer that the rows make.</summary>
    /// <param name="requests">How many requests it took.</param>
    /// <param name="provesByRowsOnly">See <see cref="RawBars.ProvesByRowsOnly"/>.</param>
    public RawBars Build(int requests, bool provesByRowsOnly) => new(
        _timestamps.Build().Values, [.. _columns.Select((_, i) => _amounts[i]?.Build() ?? (BarColumn)_counts[i]!.Build())])
    {
        Nanoseconds = _subSeconds.Build(Count),
        Unreadable = Unreadable,
        AnsweredAt = AnsweredAt,
        FormingFrom = _formingFrom,
        Requests = requests,
        ProvesByRowsOnly = provesByRowsOnly,
    };
}
