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

    private readonly SubSeconds _subSeconds = new();
    private readonly ColumnBuilder<long> _timestamps;
    private readonly ColumnBuilder<double>[] _amounts;
    private readonly ColumnBuilder<long> _trades;

    /// <param name="capacity">How many rows are expected.</param>
    public KlineColumns(int capacity)
    {
        _timestamps = new(ColumnNames.Timestamp, capacity);
        _amounts = Array.ConvertAll(AmountNames, name => new ColumnBuilder<double>(name, capacity));
        _trades = new("trades", capacity);
    }

    public int Count => _timestamps.Count;

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
        _subSeconds.Set(Count, nanoseconds);
        _timestamps.Add(timestamp);
        for (int i = 0; i < _amounts.Length; i++)
        {
            _amounts[i].Add(amounts[i]);
        }

        if (trades is { } known)
        {
            _trades.Add(known);
        }
        else
        {
            _trades.AddNull();
        }
    }

    public RawBars Build()
    {
        List<BarColumn> columns = [.. _amounts.Select(column => column.Build())];
        columns.Insert(6, _trades.Build());
        return new RawBars(_timestamps.Build().Values, columns)
        {
            Nanoseconds = _subSeconds.Build(Count),
            Unreadable = Unreadable,
            AnsweredAt = AnsweredAt,
        };
    }
}
