using System.Globalization;
using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.Quality;

/// <summary>Told of something that was found.</summary>
internal delegate void FoundMove(BarCheck check, TimeRange range, string? column, object? value, string expected, string message);

/// <summary>Tells prices that jump, measured by the returns before, and prices that stand still.</summary>
internal sealed class PriceMoves(BarInterval interval, ExaminationOptions options)
{
    private const int LeastReturns = 30;

    private static readonly string[] Closes = ["close", "price", "vwap"];
    private static readonly string[] Others = ["open", "high", "low"];

    // Returns over one bar, the oldest of which makes room for the next. One that is told counts as far as the limit only: a new level
    // of unrest becomes usual, and a single wrong price does not hide the one that follows.
    private readonly double[] _returns = new double[options.Window];
    private int _count;
    private int _next;
    private double _squares;

    private long _lastTime;
    private double _lastPrice = double.NaN;
    private long _flatStart;
    private long _flatBars;

    /// <summary>Looks at the next bars.</summary>
    public void Add(BarFrame frame, FoundMove tell)
    {
        string? column = Array.Find(Closes, name => !BarRules.Numbers(frame.Columns, name).IsEmpty);
        if (column is null)
        {
            return;
        }

        ReadOnlySpan<double> prices = BarRules.Numbers(frame.Columns, column);
        ReadOnlySpan<long> times = frame.Timestamps;
        bool[] moves = MovesInside(frame, prices);
        for (int row = 0; row < prices.Length; row++)
        {
            double price = prices[row];
            if (!(price > 0) || !double.IsFinite(price))
            {
                continue;
            }

            if (price == _lastPrice && !moves[row])
            {
                (_flatStart, _flatBars) = (_flatBars == 0 ? times[row] : _flatStart, _flatBars + 1);
            }
            else
            {
                EndFlat(tell);
                (_flatStart, _flatBars) = (times[row], moves[row] ? 0 : 1);
            }

            if (_lastPrice > 0)
            {
                AddReturn(times[row], price, column, tell);
            }

            (_lastTime, _lastPrice) = (times[row], price);
        }
    }

    /// <summary>Tells of a run that lasts to the end.</summary>
    public void Complete(FoundMove tell)
    {
        EndFlat(tell);
        _flatBars = 0;
    }

    private static bool[] MovesInside(BarFrame frame, ReadOnlySpan<double> prices)
    {
        bool[] moves = new bool[prices.Length];
        foreach (string name in Others)
        {
            ReadOnlySpan<double> others = BarRules.Numbers(frame.Columns, name);
            for (int row = 0; row < others.Length; row++)
            {
                moves[row] |= others[row] < prices[row] || others[row] > prices[row];
            }
        }

        return moves;
    }

    private void AddReturn(long time, double price, string column, FoundMove tell)
    {
        double root = Math.Sqrt(Math.Max(1, interval.CountBetween(_lastTime, time) - 1));
        double move = Math.Log(price / _lastPrice) / root;
        double limit = _count < LeastReturns ? 0 : options.Sigma * Math.Sqrt(_squares / _count);
        if (limit > 0 && Math.Abs(move) > limit)
        {
            double most = Math.Exp(limit * root);
            tell(
                BarCheck.Jump,
                new TimeRange(time, time),
                column,
                price,
                string.Create(CultureInfo.InvariantCulture, $"{_lastPrice / most:G6} to {_lastPrice * most:G6}"),
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{column} is {price} after {_lastPrice}, {Math.Abs(move) / limit * options.Sigma:0.#} standard deviations of the "
                        + $"returns before"));
            move = Math.CopySign(limit, move);
        }

        if (_next == 0)
        {
            // Summed anew from time to time, so that no rounding gathers.
            _squares = 0;
            for (int i = 0; i < _count; i++)
            {
                _squares += _returns[i] * _returns[i];
            }
        }

        _squares += (move * move) - (_returns[_next] * _returns[_next]);
        _returns[_next] = move;
        _next = (_next + 1) % _returns.Length;
        _count = Math.Min(_count + 1, _returns.Length);
    }

    private void EndFlat(FoundMove tell)
    {
        if (_flatBars >= options.FlatBars)
        {
            tell(
                BarCheck.Flat,
                new TimeRange(_flatStart, _lastTime),
                null,
                _flatBars,
                string.Create(CultureInfo.InvariantCulture, $"fewer than {options.FlatBars} bars of one price"),
                string.Create(
                    CultureInfo.InvariantCulture, $"{_flatBars} bars up to {UnixTime.Format(_lastTime)} have one price, {_lastPrice}"));
        }
    }
}
