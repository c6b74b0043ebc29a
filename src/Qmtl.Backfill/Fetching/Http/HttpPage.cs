using Qmtl.Time;

namespace Qmtl.Fetching.Http;

/// <summary>One page of candles to be asked for.</summary>
/// <param name="BaseUri">Where the API is; it ends with a slash.</param>
/// <param name="Symbol">The symbol, not yet escaped. It is sent whatever it is: which there are only the exchange knows.</param>
/// <param name="Interval">The exchange's word for the interval.</param>
/// <param name="Range">The range: Unix seconds, from the first bar's open to the last second of the last bar.</param>
/// <param name="Limit">How many rows the answer may have. It is more than the range has bars: a row beside it must not take the place of one of them.</param>
internal sealed record HttpPage(Uri BaseUri, string Symbol, string Interval, TimeRange Range, int Limit);
