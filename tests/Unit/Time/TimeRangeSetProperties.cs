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
        Gen<NaiveCalendar> calendars = Gen.Elements<NaiveCalendar>(NaiveCalendar.All);
        Gen<Case> cases =
            from calendar in calendars
            from left in Ranges(calendar)
            from right in Ranges(calendar)
            from window in Range(calendar)
            select new Case(calendar, left, right, window);
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

    private static Gen<TimeRange[]> Ranges(NaiveCalendar calendar) =>
        from count in Gen.Choose(0, 12)
        from ranges in Range(calendar).ArrayOf(count)
        select ranges;

    private static Gen<TimeRange> Range(NaiveCalendar calendar) =>
        from bar in Gen.Choose(-30, 30)
        from length in Gen.Choose(0, 8)
        from startOffset in Gen.Choose(0, 3)
        from endOffset in Gen.Choose(0, 3)
        let start = calendar.OpenOf(bar) + startOffset
        select new TimeRange(start, Math.Max(start, calendar.OpenOf(bar + length) - endOffset));

    private static TimeRangeSet Set(Case given, IEnumerable<TimeRange> ranges) => new(given.Interval, ranges);

    private static HashSet<long> Model(Case given, IEnumerable<TimeRange> ranges)
    {
        var bars = new HashSet<long>();
        foreach (TimeRange range in ranges)
        {
            bars.UnionWith(OpensOf(given.Calendar).Where(range.Contains));
        }

        return bars;
    }

    private static void AssertSame(Case given, HashSet<long> model, TimeRangeSet set)
    {
        long[] opens = OpensOf(given.Calendar);
        Assert.Equal(model.Order(), set.SelectMany(range => opens.Where(range.Contains)));
        Assert.Equal(model.Count, set.BarCount);
        Assert.Equal(model.Count == 0, set.IsEmpty);
        Assert.Equal(model.Count == 0 ? null : new TimeRange(model.Min(), model.Max()), set.Bounds);

        // Ranges are as few as can be: at least one bar is missing between two of them.
        Assert.All(set.Zip(set.Skip(1)), pair => Assert.Contains(opens, open => open > pair.First.End && open < pair.Second.Start));
        foreach (long bar in model)
        {
            Assert.True(set.Contains(bar));
            int index = Array.BinarySearch(opens, bar);
            foreach (long near in new[] { bar + 1, opens[index - 1], opens[index + 1] })
            {
                Assert.Equal(model.Contains(near), set.Contains(near));
            }
        }
    }

    private static long[] OpensOf(NaiveCalendar calendar) => [.. Enumerable.Range(-50, 120).Select(calendar.OpenOf)];

    /// <summary>What one property is checked with.</summary>
    public sealed record Case(NaiveCalendar Calendar, TimeRange[] Left, TimeRange[] Right, TimeRange Window)
    {
        public BarInterval Interval => Calendar.Bars;

        public override string ToString() => $"{Interval}: {string.Join(", ", Left.Select(Short))} | {string.Join(", ", Right.Select(Short))} | {Short(Window)}";

        private static string Short(TimeRange range) => $"{range.Start}..{range.End}";
    }
}
