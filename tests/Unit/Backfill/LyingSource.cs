using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.Time;

namespace Qmtl.Unit.Backfill;

/// <summary>A source that does whatever its contract leaves open (see docs/concepts.md), and knows what is true.</summary>
internal sealed class LyingSource : IDataFetcher
{
    private const int Late = 14;

    private int _requests;

    public string Name => "lying";

    public int? BarsPerRequest { get; init; }

    /// <summary>The bars that there are, by their opens.</summary>
    public required SortedSet<long> Bars { get; init; }

    /// <summary>Those of them that open late.</summary>
    public HashSet<long> LateBars { get; init; } = [];

    /// <summary>Those of them that have no number.</summary>
    public HashSet<long> WrongBars { get; init; } = [];

    /// <summary>The most rows that it gives at once, whatever is asked; more than <see cref="RowsBeside"/>.</summary>
    public int Cap { get; init; } = int.MaxValue;

    /// <summary>Whether it gives no more rows than bars are asked.</summary>
    public bool CountsBars { get; init; }

    /// <summary>Whether an answer that is cut holds the newest rows.</summary>
    public bool NewestFirst { get; init; }

    /// <summary>How many rows before the range (or after it, where the newest come first) it adds.</summary>
    public int RowsBeside { get; init; }

    /// <summary>A row far from all others that each answer has, in a place of its own.</summary>
    public long? FarRow { get; init; }

    public bool Reversed { get; init; }

    public bool Repeats { get; init; }

    public int Requests => Volatile.Read(ref _requests);

    public Task<RawBars> FetchAsync(StreamKey stream, TimeRange range, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _requests);
        long[] all = [.. Bars.Select(TimeOf)];
        IEnumerable<long> inside = all.Where(range.Contains);
        IEnumerable<long> rows = NewestFirst
            ? inside.Concat(all.Where(time => time > range.End).Take(RowsBeside)).Reverse()
            : all.Where(time => time < range.Start).TakeLast(RowsBeside).Concat(inside);
        long most = Math.Min(Cap, CountsBars ? range.CountBars(stream.Interval) : int.MaxValue);
        long[] times = FarRow is { } far ? [.. rows.Take((int)most - 1).Append(far).Order()] : [.. rows.Take((int)most).Order()];
        times = Repeats ? [.. times, .. times.Take(1)] : times;
        times = Reversed ? [.. times.Reverse()] : times;
        double[] closes = Array.ConvertAll(times, time => WrongBars.Contains(stream.Interval.Floor(time)) ? double.NaN : time + 1);
        return Task.FromResult(new RawBars(times, [new BarColumn<double>("close", closes)]));
    }

    private long TimeOf(long open) => LateBars.Contains(open) ? open + Late : open;
}
