using System.Globalization;
using Qmtl.Time;

namespace Qmtl.Simulation.Markets;

/// <summary>A market of given candles, such as those of a real market.</summary>
public sealed class RecordedMarket : ISimulatedMarket
{
    private readonly SimulatedCandle[] _candles;

    /// <summary>A market.</summary>
    /// <param name="symbol">The symbol.</param>
    /// <param name="interval">The interval of the candles.</param>
    /// <param name="candles">The candles in any order, each on the grid and each bar once.</param>
    /// <exception cref="ArgumentException">A candle is off the grid, or a bar is given twice.</exception>
    public RecordedMarket(string symbol, BarInterval interval, IEnumerable<SimulatedCandle> candles)
    {
        ArgumentException.ThrowIfNullOrEmpty(symbol);
        Symbol = symbol;
        BaseInterval = interval;
        _candles = [.. candles.OrderBy(candle => candle.Timestamp)];
        for (int i = 0; i < _candles.Length; i++)
        {
            long open = _candles[i].Timestamp;
            if (!interval.IsOnGrid(open) || (i > 0 && _candles[i - 1].Timestamp == open))
            {
                throw new ArgumentException(
                    $"{symbol}: the candle at {UnixTime.Format(open)} is off the {interval} grid or given twice.", nameof(candles));
            }
        }
    }

    /// <inheritdoc/>
    public string Symbol { get; }

    /// <inheritdoc/>
    public BarInterval BaseInterval { get; }

    /// <summary>The candles, ascending.</summary>
    public IReadOnlyList<SimulatedCandle> Candles => _candles;

    /// <summary>
    /// Reads candles from a CSV file with the header <c>ts,open,high,low,close,volume</c>, <c>ts</c> in Unix seconds. What the file does
    /// not say (quote volume, trades, takers) is made up from what it does.
    /// </summary>
    /// <exception cref="FormatException">A line is not of that form; the message names it.</exception>
    public static RecordedMarket FromCsv(string path, string symbol, BarInterval interval)
    {
        var candles = new List<SimulatedCandle>();
        int number = 0;
        foreach (string line in File.ReadLines(path))
        {
            number++;
            if (number == 1 || line.Length == 0)
            {
                continue;
            }

            string[] fields = line.Split(',');
            if (fields.Length != 6 || !long.TryParse(fields[0], CultureInfo.InvariantCulture, out long open))
            {
                throw new FormatException($"{Path.GetFileName(path)}, line {number}: expected ts,open,high,low,close,volume.");
            }

            long[] units = [.. fields.Skip(1).Select(
                field => SimulatedCandle.FromDecimal(decimal.Parse(field, NumberStyles.Float, CultureInfo.InvariantCulture)))];
            long quote = (long)(units[4] * SimulatedCandle.ToDouble(units[3]));
            candles.Add(
                new SimulatedCandle(
                    open, units[0], units[1], units[2], units[3], units[4], quote, 1 + (open / 60 % 50), units[4] / 2, quote / 2));
        }

        return new RecordedMarket(symbol, interval, candles);
    }

    /// <inheritdoc/>
    public int Read(BarInterval interval, long start, long end, Span<SimulatedCandle> into)
    {
        int count = 0;
        for (int i = FirstAtOrAfter(interval.Ceiling(start)); i < _candles.Length; i++)
        {
            long open = interval.Floor(_candles[i].Timestamp);
            if (count > 0 && into[count - 1].Timestamp == open)
            {
                into[count - 1] = into[count - 1].Followed(_candles[i]);
                continue;
            }

            if (open > end || count == into.Length)
            {
                break;
            }

            into[count++] = _candles[i] with { Timestamp = open };
        }

        return count;
    }

    private int FirstAtOrAfter(long timestamp)
    {
        int low = 0;
        int high = _candles.Length;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            (low, high) = _candles[middle].Timestamp < timestamp ? (middle + 1, high) : (low, middle);
        }

        return low;
    }
}
