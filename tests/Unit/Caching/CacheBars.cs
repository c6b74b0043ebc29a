using Qmtl.Caching;
using Qmtl.Data;
using Qmtl.Payloads;
using Qmtl.Time;

namespace Qmtl.Unit.Caching;

/// <summary>Bars for a cache, in few words.</summary>
internal static class CacheBars
{
    public static readonly BarInterval Minute = BarInterval.FromSeconds(60);

    public static readonly StreamKey Btc = new("BTCUSDT", Minute);

    /// <summary>A frame of bars with one column <c>close</c>, whose values are the bars' opens plus <paramref name="offset"/>.</summary>
    public static BarFrame Closes(double offset, params long[] opens) =>
        new(Minute, opens, [new BarColumn<double>("close", Array.ConvertAll(opens, open => open + offset))]);

    /// <summary>One bar's payload with the given columns.</summary>
    public static Payload Bar(params BarColumn[] columns) => Payload.FromBar(new BarFrame(Minute, new long[] { 0 }, columns).GetRow(0));

    public static Payload Close(double value) => Bar(new BarColumn<double>("close", new[] { value }));

    /// <summary>What is held, as <c>60=61 120=120</c>, with an L where a bar is live.</summary>
    public static string Describe(NodeCache cache)
    {
        BarBuffer? bars = cache.Find(Btc)?.Bars;
        return bars is null || bars.Count == 0
            ? "nothing"
            : string.Join(' ', Enumerable.Range(0, bars.Count).Select(i =>
                $"{bars.Timestamps[i]}={bars.GetValue(bars.FindColumn("close")!, i) ?? "null"}{(bars.Live[i] ? "L" : string.Empty)}"));
    }
}
