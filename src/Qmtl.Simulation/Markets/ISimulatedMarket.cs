using Qmtl.Time;

namespace Qmtl.Simulation.Markets;

/// <summary>One symbol of a <see cref="SimulatedExchange"/>. Implementations may be read from several threads at once.</summary>
public interface ISimulatedMarket
{
    /// <summary>The symbol, for example <c>BTCUSDT</c>.</summary>
    string Symbol { get; }

    /// <summary>The shortest bars of the market. Longer ones are made of these and must be a multiple of them.</summary>
    BarInterval BaseInterval { get; }

    /// <summary>
    /// Writes the candles that open from <paramref name="start"/> to <paramref name="end"/> (Unix seconds, UTC, both inside) into
    /// <paramref name="into"/>, ascending, the first ones where there are more than fit. Bars in which nothing traded are not there.
    /// </summary>
    /// <param name="interval">A multiple of <see cref="BaseInterval"/>.</param>
    /// <param name="start">Unix seconds, UTC.</param>
    /// <param name="end">Unix seconds, UTC.</param>
    /// <param name="into">Where they go.</param>
    /// <returns>How many were written.</returns>
    int Read(BarInterval interval, long start, long end, Span<SimulatedCandle> into);

    /// <summary>All candles that open inside <paramref name="range"/>, ascending: what a complete history holds.</summary>
    IReadOnlyList<SimulatedCandle> ReadAll(BarInterval interval, TimeRange range)
    {
        var candles = new List<SimulatedCandle>();
        var page = new SimulatedCandle[1000];
        int count;
        for (long start = range.Start; start <= range.End; start = interval.Next(page[count - 1].Timestamp))
        {
            count = Read(interval, start, range.End, page);
            if (count == 0)
            {
                break;
            }

            candles.AddRange(page.AsSpan(0, count));
        }

        return candles;
    }
}
