using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Qmtl.Time;

namespace Qmtl.Unit.Time;

/// <summary>Compares the set with the most naive model there is: a hash set of every single bar.</summary>
[Properties(Arbitrary = [typeof(TimeRangeSetProperties)], MaxTest = 500)]
public class TimeRangeSetProperties
{
    /// <summary>Ranges in any order, overlapping or not, on the grid or off it, close enough to touch often.</summary>
    public static Arbitrary<Case> Cases()
    {
        Gen<long> steps = Gen.Elements(1L, 7L, 60L, 86_400L, 604_800L);
        Gen<Case> cases =
            from step in steps
            from left in Ranges(step)
            from right in Ranges(step)
            from window in Range(step)
            select new Case(BarInterval.FromSeconds(step), left, right, window);
        return cases.ToArbitrary();
    }

    [Property]
    public void Building_keeps_exactly_the_bars_that_open_inside(Case given) =>
        AssertSame(given, Model(given, given.Left), Set(given, given.Left));

    [Property]
    public void Union_holds_the_bars_of_either(Case given)
    {
        HashSet<long> model = Model(given, given.Left);
        model.UnionWith(Model(given, given.Right));

        AssertSame(given, model, Set(given, given.Left).Union(Set(given, given.Right)));
        AssertSame(given, model, Set(given, given.Right).Union(Set(given, given.Left)));
    }

    [Property]
    public void Subtract_holds_the_bars_of_the_first_alone(Case given)
    {
        HashSet<long> model = Model(given, given.Left);
        model.ExceptWith(Model(given, given.Right));

        AssertSame(given, model, Set(given, given.Left).Subtract(Set(given, given.Right)));
    }

    [Property]
    public void Intersect_holds_the_bars_of_both(Case given)
    {
        HashSet<long> model = Model(given, given.Left);
        model.IntersectWith(Model(given, given.Right));

        AssertSame(given, model, Set(given, given.Left).Intersect(Set(given, given.Right)));
        AssertSame(given, model, Set(given, given.Right).Intersect(Set(given, given.Left)));
    }

    [Property]
    public void Intersect_with_a_range_holds_the_bars_that_open_inside_it(Case given)
    {
        HashSet<long> model = Model(given, given.Left);
        model.RemoveWhere(bar => !given.Window.Contains(bar));

        AssertSame(given, model, Set(given, given.Left).Intersect(given.Window));
    }

    [Property]
    public void Timestamps_make_the_set_of_their_bars(Case given)
    {
        HashSet<long> model = Model(given, given.Left);
        long[] noisy = [.. model.SelectMany(bar => new[] { bar, bar }).Order()];

        AssertSame(given, model, TimeRangeSet.FromTimestamps(given.Interval, noisy));
    }

    [Property]
    public void Subtracting_and_adding_back_gives_the_same(Case given)
    {
        TimeRangeSet left = Set(given, given.Left);
        TimeRangeSet right = Set(given, given.Right);

        Assert.Equal(left, left.Subtract(right).Union(left.Intersect(right)));
        Assert.True(left.Subtract(right).Intersect(right).IsEmpty);
    }

    private static Gen<TimeRange[]> Ranges(long step) =>
        from count in Gen.Choose(0, 12)
        from ranges in Range(step).ArrayOf(count)
        select ranges;

    private static Gen<TimeRange> Range(long step) =>
        from bar in Gen.Choose(-30, 30)
        from length in Gen.Choose(0, 8)
        from startOffset in Gen.Choose(0, (int)Math.Min(step, 3))
        from endOffset in Gen.Choose(0, (int)Math.Min(step, 3))
        let start = (bar * step) + startOffset
        select new TimeRange(start, Math.Max(start, start + (length * step) - endOffset));

    private static TimeRangeSet Set(Case given, IEnumerable<TimeRange> ranges) => new(given.Interval, ranges);

    private static HashSet<long> Model(Case given, IEnumerable<TimeRange> ranges)
    {
        var bars = new HashSet<long>();
        long firstOpen = given.Interval.Seconds == 604_800 ? 345_600 : 0;
        foreach (TimeRange range in ranges)
        {
            for (long open = firstOpen - (100 * given.Interval.Seconds); open <= range.End; open += given.Interval.Seconds)
            {
                if (open >= range.Start)
                {
                    bars.Add(open);
                }
            }
        }

        return bars;
    }

    private static void AssertSame(Case given, HashSet<long> model, TimeRangeSet set)
    {
        long step = given.Interval.Seconds;
        Assert.Equal(model.Order(), set.SelectMany(range => Bars(range, step)));
        Assert.Equal(model.Count, set.BarCount);
        Assert.Equal(model.Count == 0, set.IsEmpty);
        Assert.Equal(model.Count == 0 ? null : new TimeRange(model.Min(), model.Max()), set.Bounds);

        // Ranges are as few as can be: at least one bar is missing between two of them.
        Assert.All(set.Zip(set.Skip(1)), pair => Assert.True(pair.Second.Start > pair.First.End + step));
        foreach (long bar in model)
        {
            Assert.True(set.Contains(bar));
            Assert.Equal(step == 1 && model.Contains(bar + 1), set.Contains(bar + 1));
            Assert.Equal(model.Contains(bar + step), set.Contains(bar + step));
            Assert.Equal(model.Contains(bar - step), set.Contains(bar - step));
        }
    }

    private static IEnumerable<long> Bars(TimeRange range, long step)
    {
        for (long bar = range.Start; bar <= range.End; bar += step)
        {
            yield return bar;
        }
    }

    /// <summary>What one property is checked with.</summary>
    public sealed record Case(BarInterval Interval, TimeRange[] Left, TimeRange[] Right, TimeRange Window)
    {
        public override string ToString() => $"{Interval}: {string.Join(", ", Left.Select(Short))} | {string.Join(", ", Right.Select(Short))} | {Short(Window)}";

        private static string Short(TimeRange range) => $"{range.Start}..{range.End}";
    }
}
