using System.Globalization;
using System.Text.Json;
using Qmtl.Data;
using Qmtl.Messages;
using Qmtl.Time;

namespace Qmtl.Reporting;

/// <summary>
/// The candles of a stream: of its open, high, low and close, or, where it has none, of how its first column of numbers moved.
/// </summary>
internal sealed class CandleSeries(BarInterval width)
{
    // More digits than prices have; less than what the last bits of computed numbers would take.
    private const int Digits = 10;

    private readonly List<(long Open, double[] Prices, double Volume)> _candles = [];
    private string? _column;
    private bool _hasCandles;
    private bool _hasVolume;

    /// <summary>How many bars they are made of.</summary>
    public long Bars { get; private set; }

    /// <summary>Takes bars, which follow those before.</summary>
    public void Add(BarFrame frame)
    {
        Bars += frame.Count;
        _column ??= (frame.FindColumn("close") is { } named && Numbers(named) is not null
            ? named
            : frame.Columns.FirstOrDefault(column => Numbers(column) is not null))?.Name;
        if (_column is null || Numbers(frame.FindColumn(_column)) is not { } close)
        {
            return;
        }

        double[]? open = Prices("open");
        double[]? high = Prices("high");
        double[]? low = Prices("low");
        double[]? volume = Numbers(frame.FindColumn("volume"));
        _hasCandles |= open is not null || high is not null || low is not null;
        _hasVolume |= volume is not null;
        for (int i = 0; i < close.Length; i++)
        {
            double last = close[i];
            if (double.IsFinite(last))
            {
                double first = Or(open, i, last);
                Add(
                    width.Floor(frame.Timestamps[i]),
                    first,
                    Math.Max(Or(high, i, last), Math.Max(first, last)),
                    Math.Min(Or(low, i, last), Math.Min(first, last)),
                    last,
                    Or(volume, i, 0));
            }
        }

        double[]? Prices(string name) =>
            _column.Equals("close", StringComparison.OrdinalIgnoreCase) ? Numbers(frame.FindColumn(name)) : null;
    }

    /// <summary>Writes the candles as small whole numbers: what each price differs from the one that it is closest to.</summary>
    public void WriteTo(Utf8JsonWriter json)
    {
        int decimals = Decimals();
        double scale = Math.Pow(10, decimals);
        json.WriteStartObject();
        json.WriteString("width", width.ToString());
        json.WriteNumber("seconds", width.Seconds);
        json.WriteNumber("bars", Bars);
        json.WriteString("column", PlainText.OneLine(_column ?? string.Empty));
        json.WriteBoolean("candles", _hasCandles);
        json.WriteNumber("decimals", decimals);

        // Opens follow one another; only where one does not, it is told: which candle, and when.
        json.WriteStartArray("times");
        for (int i = 0; i < _candles.Count; i++)
        {
            if (i == 0 || _candles[i].Open != _candles[i - 1].Open + width.Seconds)
            {
                json.WriteNumberValue(i);
                json.WriteNumberValue(_candles[i].Open);
            }
        }

        json.WriteEndArray();
        json.WriteStartArray("prices");
        double before = 0;
        foreach ((_, double[] prices, _) in _candles)
        {
            double[] scaled = Array.ConvertAll(prices, price => Math.Round(price * scale));
            (double open, double high, double low, double close) = (scaled[0], scaled[1], scaled[2], scaled[3]);
            json.WriteNumberValue(open - before);
            json.WriteNumberValue(high - Math.Max(open, close));
            json.WriteNumberValue(Math.Min(open, close) - low);
            json.WriteNumberValue(close - open);
            before = close;
        }

        json.WriteEndArray();
        if (_hasVolume)
        {
            json.WriteStartArray("volumes");
            foreach ((_, _, double volume) in _candles)
            {
                json.WriteNumberValue(ToDigits(volume, 5));
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    private void Add(long open, double first, double high, double low, double last, double volume)
    {
        if (_candles.Count > 0 && _candles[^1].Open >= open)
        {
            (long same, double[] prices, double sum) = _candles[^1];
            prices[1] = Math.Max(prices[1], high);
            prices[2] = Math.Min(prices[2], low);
            prices[3] = last;
            _candles[^1] = (same, prices, sum + volume);
        }
        else
        {
            _candles.Add((open, [first, high, low, last], volume));
        }
    }

    // As many as the prices have, but not what is beyond ten digits of the largest.
    private int Decimals()
    {
        double largest = _candles.Count == 0 ? 0 : _candles.Max(candle => candle.Prices.Max(Math.Abs));
        int most = largest > 0 ? Math.Clamp(Digits - (int)Math.Ceiling(Math.Log10(largest)), 0, 15) : 0;
        int decimals = 0;
        while (decimals < most && !_candles.TrueForAll(candle => Array.TrueForAll(candle.Prices, HasNoMore)))
        {
            decimals++;
        }

        return decimals;

        bool HasNoMore(double price) => Math.Round(price, decimals) == price;
    }

    private static double ToDigits(double value, int digits) =>
        double.Parse(value.ToString($"G{digits}", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    private static double Or(double[]? values, int i, double other) => values is not null && double.IsFinite(values[i]) ? values[i] : other;

    // NaN where there is none; null where the column is no numbers.
    private static double[]? Numbers(BarColumn? column)
    {
        double[] Fill<T>(BarColumn<T> typed, Func<T, double> convert)
        {
            double[] numbers = new double[typed.Length];
            ReadOnlySpan<T> values = typed.Values.Span;
            for (int i = 0; i < numbers.Length; i++)
            {
                numbers[i] = typed.HasNulls && typed.IsNull(i) ? double.NaN : convert(values[i]);
            }

            return numbers;
        }

        return column switch
        {
            BarColumn<double> numbers => Fill(numbers, value => value),
            BarColumn<long> numbers => Fill(numbers, value => value),
            _ => null,
        };
    }
}
