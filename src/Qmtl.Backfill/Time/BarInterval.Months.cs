namespace Qmtl.Time;

// Months are counted from January 1970, which is 0, in the Gregorian calendar, also before it was introduced.
public readonly partial struct BarInterval
{
    // A 4800th of the 146,097 days in which the calendar repeats.
    private const long MeanMonth = 2_629_746;

    private const long DaysBefore1970 = 719_162;

    // Thirty-six thousand million years: no table has a bar beyond, and none that is reckoned from there overflows.
    private const long Farthest = 1L << 60;

    private static long AddMonths(BarInterval interval, long open, long bars) =>
        StartOfMonth(interval.OpenMonth(open) + (bars * interval.Months));

    // The month in which the bar that holds the instant opens.
    private long OpenMonth(long timestamp)
    {
        int months = Months;
        return FloorDivide(MonthOf(timestamp), months) * months;
    }

    // The mean length is never off by more than a month or two.
    private static long MonthOf(long timestamp)
    {
        long time = Math.Clamp(timestamp, -Farthest, Farthest);
        long month = time / MeanMonth;
        while (StartOfMonth(month) > time)
        {
            month--;
        }

        while (StartOfMonth(month + 1) <= time)
        {
            month++;
        }

        return month;
    }

    private static long StartOfMonth(long month)
    {
        long year = 1970 + FloorDivide(month, 12);
        long before = year - 1;
        long days = (365 * before) + FloorDivide(before, 4) - FloorDivide(before, 100) + FloorDivide(before, 400) - DaysBefore1970;

        // Years of the same leap rule have the same months; the framework knows those of the years 2000 to 2399.
        int likeYear = (int)(2000 + year - (FloorDivide(year, 400) * 400));
        int inYear = new DateOnly(likeYear, (int)(month - ((year - 1970) * 12)) + 1, 1).DayOfYear - 1;
        return (days + inYear) * Day;
    }

    private static long FloorDivide(long value, long by) => value >= 0 ? value / by : -((by - 1 - value) / by);
}
