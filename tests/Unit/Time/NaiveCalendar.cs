using System.Globalization;
using Qmtl.Time;

namespace Qmtl.Unit.Time;

/// <summary>
/// The bars of an interval by the most naive calendar there is: from a bar that is known to open then, one after the other, by dates.
/// </summary>
public sealed record NaiveCalendar(string Interval, string Origin, Func<DateTime, int, DateTime> Add)
{
    public static IReadOnlyList<NaiveCalendar> All { get; } =
    [
        Fixed("1s", "1970-01-01", TimeSpan.FromSeconds(1)),
        Fixed("7s", "1970-01-01", TimeSpan.FromSeconds(7)),
        Fixed("1m", "1970-01-01", TimeSpan.FromMinutes(1)),
        Fixed("1d", "1970-01-01", TimeSpan.FromDays(1)),
        Fixed("3d", "1970-01-01", TimeSpan.FromDays(3)),
        Fixed("1w", "1970-01-05", TimeSpan.FromDays(7)),
        Fixed("1d@08:00", "1970-01-01T08:00", TimeSpan.FromDays(1)),
        Fixed("1d@23:00", "1970-01-01T23:00", TimeSpan.FromDays(1)),
        Fixed("3d@05:00", "1970-01-01T05:00", TimeSpan.FromDays(3)),
        Fixed("1w@08:00", "1970-01-05T08:00", TimeSpan.FromDays(7)),
        Fixed("1w@Sun16:00", "1970-01-04T16:00", TimeSpan.FromDays(7)),
        Fixed("2w@Wed", "1970-01-07", TimeSpan.FromDays(14)),
        Months(1),
        Months(2),
        Months(3),
        Months(5),
        Months(6),
        Months(12),
        Months(48),
    ];

    public BarInterval Bars => BarInterval.Parse(Interval);

    /// <summary>The open of a bar, counted from the origin.</summary>
    public long OpenOf(int bar) =>
        new DateTimeOffset(Add(DateTime.Parse(Origin, CultureInfo.InvariantCulture), bar), TimeSpan.Zero).ToUnixTimeSeconds();

    public override string ToString() => Interval;

    private static NaiveCalendar Fixed(string interval, string origin, TimeSpan step) => new(interval, origin, (from, bars) => from + (bars * step));

    private static NaiveCalendar Months(int months) => new($"{months}M", "1970-01-01", (from, bars) => from.AddMonths(bars * months));
}
