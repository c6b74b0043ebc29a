using Qmtl.Data;

namespace Qmtl.Fetching.Binance;

/// <summary>The columns of an answer while its pages come in.</summary>
internal sealed class KlineColumns
{
    private static readonly string[] AmountNames =
        ["open", "high", "low", "close", "volume", "quote_volume", "taker_buy_base_volume", "taker_buy_quote_volume"];

    private readonly double[][] _amounts;
    private long[] _timestamps;
    private long[] _trades;
    private bool[] _tradesUnknown;
    private int _count;

    /// <param name="capacity">How many rows are expected.</param>
    public KlineColumns(int capacity)
    {
        _timestamps = new long[capacity];
        _trades = new long[capacity];
        _tradesUnknown = new bool[capacity];
        _amounts = [.. AmountNames.Select(_ => new double[capacity])];
    }

    public int Count => _count;

    public ReadOnlySpan<long> Timestamps => _timestamps.AsSpan(0, _count);

    public RejectedRows Unreadable { get; set; } = RejectedRows.None;

    /// <summary>Adds a row by its open (Unix seconds, UTC); what is not set in it afterwards is unknown.</summary>
    public void AddRow(long timestamp)
    {
        if (_count == _timestamps.Length)
        {
            Grow();
        }

        _timestamps[_count] = timestamp;
        foreach (double[] amounts in _amounts)
        {
            amounts[_count] = double.NaN;
        }

        _count++;
        SetTrades(null);
    }

    /// <summary>Sets an amount of the last row by its position in <see cref="AmountNames"/>.</summary>
    public void SetAmount(int index, double value) => _amounts[index][_count - 1] = value;

    /// <summary>Sets the number of trades of the last row; null where it is unknown.</summary>
    public void SetTrades(long? trades)
    {
        _trades[_count - 1] = trades ?? 0;
        _tradesUnknown[_count - 1] = trades is null;
    }

    public RawBars Build()
    {
        var columns = AmountNames.Select((name, i) => (BarColumn)new BarColumn<double>(name, _amounts[i].AsMemory(0, _count))).ToList();
        columns.Insert(6, new BarColumn<long>("trades", _trades.AsMemory(0, _count), _tradesUnknown.AsMemory(0, _count)));
        return new RawBars(_timestamps.AsMemory(0, _count), columns) { Unreadable = Unreadable };
    }

    private void Grow()
    {
        int capacity = Math.Max(16, _timestamps.Length * 2);
        Array.Resize(ref _timestamps, capacity);
        Array.Resize(ref _trades, capacity);
        Array.Resize(ref _tradesUnknown, capacity);
        for (int i = 0; i < _amounts.Length; i++)
        {
            Array.Resize(ref _amounts[i], capacity);
        }
    }
}
