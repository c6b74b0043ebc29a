using System.Collections.Specialized;
using System.Globalization;
using System.Text.RegularExpressions;
using Qmtl.Time;

namespace Qmtl.Simulation.Http;

/// <summary>The parameters of a request for klines, read and checked in the exchange's way.</summary>
internal sealed partial record KlinesQuery(
    string Symbol, string IntervalText, BarInterval? Interval, long? Start, long? End, int Limit, ApiError? Error)
    : Question(Symbol, IntervalText, Start, End, Limit)
{
    private const int DefaultLimit = 500;
    private const int HighestLimit = 1000;

    private static readonly HashSet<string> Intervals =
        ["1s", "1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w", "1M"];

    public static KlinesQuery Parse(NameValueCollection parameters)
    {
        string symbol = parameters["symbol"] ?? string.Empty;
        string interval = parameters["interval"] ?? string.Empty;
        ApiError? error = null;
        if (symbol.Length == 0)
        {
            error = ApiError.Missing("symbol");
        }
        else if (!SymbolRule().IsMatch(symbol))
        {
            error = ApiError.Illegal("symbol", @"^[\w\-._&&[^a-z]]{1,50}$");
        }
        else if (interval.Length == 0)
        {
            error = ApiError.Missing("interval");
        }
        else if (!Intervals.Contains(interval))
        {
            error = ApiError.InvalidInterval;
        }

        long? start = Number(parameters, "startTime", ref error);
        long? end = Number(parameters, "endTime", ref error);
        long limit = Number(parameters, "limit", ref error) ?? DefaultLimit;
        return new KlinesQuery(
            symbol,
            interval,
            error is null ? BarInterval.Parse(interval) : null,
            start is { } first ? (first + 999) / 1000 : null,
            end is { } last ? last / 1000 : null,
            (int)Math.Clamp(limit, 1, HighestLimit),
            error);
    }

    private static long? Number(NameValueCollection parameters, string name, ref ApiError? error)
    {
        if (parameters[name] is not { } text)
        {
            return null;
        }

        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number))
        {
            return number;
        }

        error ??= ApiError.Illegal(name, "^[0-9]{1,20}$");
        return null;
    }

    // What the exchange names as its rule, in .NET's way of writing it. It lists symbols that are not ASCII.
    [GeneratedRegex(@"\A[\w\-.-[a-z]]{1,50}\z", RegexOptions.CultureInvariant)]
    private static partial Regex SymbolRule();
}
