using System.Runtime.CompilerServices;
using Qmtl.Data;

namespace Qmtl.Fetching.Binance;

/// <summary>The columns of an answer while its pages come in.</summary>
internal sealed class KlineColumns
{
    private static readonly string[] AmountNames =
        ["open", "high", "low", "close", "volume", "quote_volume", "taker_buy_base_volume", "taker_buy_quote_volume"];

    /// <summary>How many prices and volumes a row has.</summary>
    public const int AmountCount = 8;

    private readonly double[][] _amounts;
    private readonly SubSeconds _subSeconds = new();
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

    public RejectedRows Unreadable { get; set; } = RejectedRows.None;

    /// <inheritdoc cref="RawBars.AnsweredAt"/>
    public DateTimeOffset? AnsweredAt { get; set; }

    /// <summary>Adds a row.</summary>
    /// <param name="timestamp">The bar's open: Unix seconds, UTC.</param>
    /// <param name="nanoseconds">How far past that second it opens.</param>
    /// <param name="amounts">Prices and volumes in the order of the columns; NaN for one that is not known.</param>
    /// <param name="trades">The number of trades; null where it is not known.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void AddRow(long timestamp, int nanoseconds, ReadOnlySpan<double> amounts, long? trades)
    {
        if (_count == _timestamps.Length)
        {
            Grow();
        }

        _timestamps[_count] = timestamp;
        _subSeconds.Set(_count, nanoseconds);
        _trades[_count] = trades ?? 0;
        _tradesUnknown[_count] = trades is null;
        for (int i = 0; i < _amounts.Length; i++)
        {
            _amounts[i][_count] = amounts[i];
        }

        _count++;
    }

    public RawBars Build()
    {
        var columns = AmountNames.Select((name, i) => (BarColumn)new BarColumn<double>(name, _amounts[i].AsMemory(0, _count))).ToList();
        columns.Insert(6, new BarColumn<long>("trades", _trades.AsMemory(0, _count), _tradesUnknown.AsMemory(0, _count)));
        return new RawBars(_timestamps.AsMemory(0, _count), columns) { Nanoseconds = _subSeconds.Build(_count), Unreadable = Unreadable, AnsweredAt = AnsweredAt };
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
