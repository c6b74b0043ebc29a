using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.History;
using Qmtl.Time;

namespace Qmtl.Bench.Data;

/// <summary>Candles for measuring: the same on every run, made in pages, so that ten million need no memory.</summary>
internal static class SyntheticBars
{
    public const string Source = "synthetic";

    /// <summary>2000-01-01T00:00:00Z, so that ten million minutes have all closed.</summary>
    public const long Start = 946_684_800;

    public static readonly BarInterval Minute = BarInterval.FromSeconds(60);

    public static StreamKey Stream { get; } = new("BTCUSDT", Minute);

    /// <summary>The bars' range, from <see cref="Start"/> on.</summary>
    public static TimeRange RangeOf(long bars) => new(Start, Start + (bars - 1) * Minute.Seconds);

    /// <summary>The bars of a range, every one of them.</summary>
    public static RawBars Make(TimeRange range)
    {
        int count = (int)range.CountBars(Minute);
        long[] timestamps = new long[count];
        double[] open = new double[count];
        double[] high = new double[count];
        double[] low = new double[count];
        double[] close = new double[count];
        double[] volume = new double[count];
        for (int i = 0; i < count; i++)
        {
            long timestamp = range.Start + i * Minute.Seconds;
            double price = 30_000 + timestamp / 60 % 1000 * 0.25;
            timestamps[i] = timestamp;
            open[i] = price;
            high[i] = price + 1.5;
            low[i] = price - 1.5;
            close[i] = price + 0.25;
            volume[i] = timestamp / 60 % 97 * 0.125;
        }

        return new RawBars(timestamps,
        [
            new BarColumn<double>("open", open),
            new BarColumn<double>("high", high),
            new BarColumn<double>("low", low),
            new BarColumn<double>("close", close),
            new BarColumn<double>("volume", volume),
        ]);
    }

    /// <summary>Frames of <paramref name="barsPerFrame"/> bars that together are <paramref name="bars"/>.</summary>
    public static IEnumerable<BarFrame> Frames(long bars, int barsPerFrame)
    {
        TimeRange all = RangeOf(bars);
        for (long start = all.Start; start <= all.End; start += barsPerFrame * Minute.Seconds)
        {
            var range = new TimeRange(start, Math.Min(all.End, start + (barsPerFrame - 1) * Minute.Seconds));
            yield return Make(range).Validate(Minute, range, long.MaxValue).Frame;
        }
    }

    /// <summary>A frame as a source's whole answer to the question for its bars.</summary>
    public static BarPage Page(BarFrame frame) => new(Source, frame, frame.ToRangeSet(), TimeRangeSet.Empty(Minute));

    /// <summary>A source in this process that answers at once.</summary>
    public static IDataFetcher Fetcher(int barsPerRequest) => new InstantFetcher(barsPerRequest);

    private sealed class InstantFetcher(int barsPerRequest) : IDataFetcher
    {
        public string Name => Source;

        public int? BarsPerRequest => barsPerRequest;

        public Task<RawBars> FetchAsync(StreamKey stream, TimeRange range, CancellationToken cancellationToken) => Task.FromResult(Make(range));
    }
}
