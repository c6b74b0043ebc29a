using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Qmtl.Caching;
using Qmtl.Data;
using Qmtl.Payloads;
using Qmtl.Time;

namespace Qmtl.Unit.Caching;

/// <summary>Compares the cache with the most naive model there is: a dictionary of all bars ever seen, cut to the newest.</summary>
[Properties(Arbitrary = [typeof(NodeCacheProperties)], MaxTest = 1000)]
public class NodeCacheProperties
{
    private static readonly string[] Names = ["price", "count", "tag", "flag"];

    /// <summary>Short sequences on a short stretch of time, so that bars meet often.</summary>
    public static Arbitrary<Case> Cases()
    {
        Gen<Step> append =
            from bar in Gen.Choose(0, 24)
            from offset in Gen.Choose(0, 59)
            from columns in Gen.Choose(0, 15)
            from nulls in Gen.Choose(0, 15)
            select new Step(StepKind.Append, [bar], offset, columns, nulls);
        Gen<Step> merge =
            from count in Gen.Choose(0, 14)
            from bars in Gen.Choose(0, 24).ArrayOf(count)
            from columns in Gen.Choose(0, 15)
            from nulls in Gen.Choose(0, 15)
            select new Step(StepKind.Merge, [.. bars.Distinct().Order()], 0, columns, nulls);
        Gen<Step> step = Gen.Frequency<Step>((8, append), (6, merge), (1, Gen.Constant(new Step(StepKind.Drop, [], 0, 0, 0))));
        return (
            from period in Gen.Elements(1, 2, 3, 5, 8, 40)
            from inPlaceLimit in Gen.Elements(0, 6, 1000)
            from interval in Gen.Elements(60L, 604_800L)
            from count in Gen.Choose(1, 40)
            from steps in step.ArrayOf(count)
            select new Case(period, inPlaceLimit, BarInterval.FromSeconds(interval), steps)).ToArbitrary();
    }

    [Property]
    public void Whatever_comes_in_whatever_order_the_cache_holds_what_the_model_holds(Case given)
    {
        var stream = new StreamKey("node", given.Interval);
        var cache = new NodeCache(given.Period, given.InPlaceLimit);
        var model = new Model(given.Period);
        int stamp = 0;
        foreach (Step step in given.Steps)
        {
            long[] opens = Array.ConvertAll(step.Bars, bar => given.Interval.Ceiling(0) + bar * given.Interval.Seconds);
            switch (step.Kind)
            {
                case StepKind.Append:
                    BarFrame row = FrameOf(given.Interval, opens, step, stamp);
                    cache.Append(stream, opens[0] + step.Offset, Payload.FromBar(row.GetRow(0)));
                    model.Append(row);
                    break;
                case StepKind.Merge:
                    BarFrame frame = FrameOf(given.Interval, opens, step, stamp);
                    Assert.Equal(model.Merge(frame), cache.BackfillBulk(stream, frame));
                    break;
                default:
                    Assert.Equal(model.IsKnown, cache.Drop(stream));
                    model = new Model(given.Period);
                    break;
            }

            stamp += 100;
            AssertSame(model, cache, stream);
        }
    }

    // Every value tells its step, row and column, so that one in the wrong place is seen.
    private static BarFrame FrameOf(BarInterval interval, long[] opens, Step step, int stamp)
    {
        bool[] nulls = Array.ConvertAll(opens, open => (step.Nulls >> (int)(open / interval.Seconds % 4) & 1) == 1);
        int[] numbers = [.. Enumerable.Range(stamp, opens.Length)];
        BarColumn[] all =
        [
            new BarColumn<double>(Names[0], Array.ConvertAll(numbers, number => number + 0.5), nulls),
            new BarColumn<long>(Names[1], Array.ConvertAll(numbers, number => long.MaxValue - number)),
            new BarColumn<string?>(Names[2], Array.ConvertAll(numbers, number => nulls[number - stamp] ? null : $"tag {number}")),
            new BarColumn<bool>(Names[3], Array.ConvertAll(numbers, number => number % 2 == 0), nulls),
        ];
        return new BarFrame(interval, opens, [.. all.Where((_, index) => (step.Columns >> index & 1) == 1)]);
    }

    private static void AssertSame(Model model, NodeCache cache, StreamKey stream)
    {
        long[] opens = [.. model.Held.Keys];
        Assert.Equal(opens.Length, cache.Count(stream));
        Assert.Equal(opens.Length == 0 ? null : opens[^1], cache.LastTimestamp(stream));
        Assert.Equal(model.IsMissing(stream.Interval), cache.IsMissing(stream));
        Assert.Equal(opens.Length == cache.Period, cache.IsReady(stream));
        Assert.Equal(new TimeRangeSet(stream.Interval, model.Merged.Select(open => new TimeRange(open, open))), cache.State.GetRanges(stream));

        AssertSame(model, opens, cache.Slice(stream, int.MaxValue));
        AssertSame(model, [.. opens.TakeLast(2)], cache.Slice(stream, 2));
        AssertSame(model, [.. opens.Skip(1).SkipLast(1)], cache.Slice(stream, Math.Min(1, opens.Length), Math.Max(0, opens.Length - 2)));
        if (opens.Length > 0)
        {
            var inner = new TimeRange(opens[0] + 1, Math.Max(opens[0] + 1, opens[^1] - 1));
            AssertSame(model, [.. opens.Where(inner.Contains)], cache.Slice(stream, inner));
            AssertSame(model, [opens[^1]], cache.Latest(stream)!.Value.Payload.Bar.Frame);
            Assert.Equal(model.Held.Values.Select(bar => bar.IsLive), cache.Find(stream)!.Bars.Live.ToArray());
        }
        else
        {
            Assert.Null(cache.Latest(stream));
        }
    }

    private static void AssertSame(Model model, long[] opens, BarFrame frame)
    {
        Assert.Equal(opens, frame.Timestamps.ToArray());
        for (int i = 0; i < opens.Length; i++)
        {
            Assert.Equal(Names.Select(name => model.Held[opens[i]].Row[name]), Names.Select(name => frame.GetRow(i)[name]));
        }
    }

    public enum StepKind
    {
        Append,
        Merge,
        Drop,
    }

    /// <summary>One thing done to the cache; columns and nulls are bit masks.</summary>
    public sealed record Step(StepKind Kind, int[] Bars, int Offset, int Columns, int Nulls)
    {
        public override string ToString() => $"{Kind} {string.Join(',', Bars)}+{Offset} columns {Columns} nulls {Nulls}";
    }

    /// <summary>What the property is checked with.</summary>
    public sealed record Case(int Period, int InPlaceLimit, BarInterval Interval, Step[] Steps)
    {
        public override string ToString() => $"period {Period}, in place up to {InPlaceLimit}, {Interval}: {string.Join("; ", Steps.AsEnumerable())}";
    }

    private sealed class Model(int period)
    {
        private readonly SortedSet<long> _seen = [];

        public SortedDictionary<long, (bool IsLive, BarRow Row)> Held { get; } = [];

        public SortedSet<long> Merged { get; } = [];

        public bool IsKnown => _seen.Count > 0;

        public void Append(BarFrame row)
        {
            Held[row.Timestamps[0]] = (true, row.GetRow(0));
            Cut(row);
        }

        public int Merge(BarFrame frame)
        {
            foreach (BarRow row in frame.Rows)
            {
                Merged.Add(row.Timestamp);
                if (!Held.TryGetValue(row.Timestamp, out var held) || !held.IsLive)
                {
                    Held[row.Timestamp] = (false, row);
                }
            }

            Cut(frame);
            return Held.Values.Count(bar => ReferenceEquals(bar.Row.Frame, frame));
        }

        public bool IsMissing(BarInterval interval) => _seen.Count > 1 && _seen.Max - _seen.Reverse().ElementAt(1) != interval.Seconds;

        private void Cut(BarFrame came)
        {
            _seen.UnionWith(came.Timestamps.ToArray());
            while (Held.Count > period)
            {
                Held.Remove(Held.Keys.First());
            }
        }
    }
}
