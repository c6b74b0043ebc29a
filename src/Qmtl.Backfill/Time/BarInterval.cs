namespace Qmtl.Time;

/// <summary>
/// A calendar of bars: when each opens, and which comes next. Most intervals are a fixed number of seconds; calendar months are not.
/// Whoever steps from bar to bar, or counts them, asks the interval and does not reckon with a length.
/// </summary>
/// <remarks>
/// Bars of a fixed length open at multiples of it since the Unix epoch (UTC), except that those of whole weeks open on Monday 00:00
/// UTC, as exchanges' weekly bars do (the epoch itself was a Thursday). Bars of whole days or weeks may open a number of whole hours
/// later (<c>1d@08:00</c>, <c>1w@Sun16:00</c>). Bars of months open on the 1st, 00:00 UTC, and several months are counted from January
/// 1970 (<c>3M</c> open in January, April, July and October).
/// </remarks>
public readonly partial struct BarInterval : IEquatable<BarInterval>, IComparable<BarInterval>, IParsable<BarInterval>
{
    private const long Minute = 60;
    private const long Hour = 60 * Minute;
    private const long Day = 24 * Hour;
    private const long Week = 7 * Day;

    // 1970-01-05T00:00:00Z, the first Monday after the epoch.
    private const long FirstMonday = 4 * Day;

    // Stores keep the interval in a 32-bit column, as the reference's tables do.
    private const long Longest = int.MaxValue;

    private const int MostMonths = 1200;

    // The number of an interval with an offset: minus hours, then days in the last five digits. Below them, months alone.
    private const long DaysInNumber = 100_000;

    // Step and anchor in one number: an interval of two fields would be put together anew whenever it is handed on or compared, which
    // replays do many times a bar.
    private readonly long _calendar;

    private BarInterval(long step, long offset = 0)
    {
        long anchor = step > 0 ? (AnchorOf(step) + offset) % step : 0;
        _calendar = (anchor << 32) | (uint)step;
    }

    // The seconds of a fixed length, so that a step is one addition; minus the months otherwise.
    private int Step => (int)_calendar;

    // Unix seconds of one bar's open on the grid, the smallest that is not negative; 0 for months.
    private int Anchor => (int)(_calendar >> 32);

    /// <summary>Whether every bar takes as many seconds; only calendar months do not.</summary>
    /// <exception cref="InvalidOperationException">This is <c>default(BarInterval)</c>, which no bar has.</exception>
    public bool IsFixed => Step != 0 ? Step > 0 : throw NeverSet();

    /// <summary>The length of a bar in seconds, at least 1; for calendar months the mean of it, with which no bar can be found.</summary>
    /// <remarks>
    /// It does not throw for months: PowerShell would make a null of that, and a script that adds it up would never end. Bars that are
    /// reckoned with the mean are off the grid, and told.
    /// </remarks>
    /// <exception cref="InvalidOperationException">This is <c>default(BarInterval)</c>, which no bar has.</exception>
    public long Seconds => IsFixed ? Step : MeanSeconds;

    /// <summary>The length of a bar; for calendar months the mean of it, 30.436875 days a month.</summary>
    /// <exception cref="InvalidOperationException">This is <c>default(BarInterval)</c>, which no bar has.</exception>
    public TimeSpan Duration => TimeSpan.FromSeconds(Seconds);

    /// <summary>
    /// The number by which tables, journals and logs name the interval: its seconds; minus the months of calendar months (<c>3M</c> is
    /// -3); with an offset, minus the hours of it followed by five digits of days (<c>1d@08:00</c> is -800001, <c>1w@08:00</c> -800007).
    /// </summary>
    /// <exception cref="InvalidOperationException">This is <c>default(BarInterval)</c>, which no bar has.</exception>
    public int Number => !IsFixed || Offset == 0 ? Step : (int)-((Offset / Hour * DaysInNumber) + (Step / Day));

    private long MeanSeconds => Step >= 0 ? Step : -Step * MeanMonth;

    /// <summary>
    /// For loops over millions of bars: what is added to a bar's open to see at once whether the next one follows. Of months it is a
    /// number that leads from no bar to another, so that each is looked at by the calendar.
    /// </summary>
    internal long Stride => IsFixed ? Step : long.MinValue;

    // How much later than usual bars open, in seconds.
    private long Offset => (Anchor - AnchorOf(Step) + Step) % Step;

    internal int Months => Step < 0 ? -Step : throw NeverSet();

    /// <summary>The interval of <paramref name="seconds"/> seconds.</summary>
    /// <param name="seconds">Length of a bar in seconds, from 1 to 2,147,483,647.</param>
    /// <exception cref="ArgumentOutOfRangeException">The value is zero, negative or too long.</exception>
    public static BarInterval FromSeconds(long seconds) => seconds switch
    {
        <= 0 =>
            throw new ArgumentOutOfRangeException(
                nameof(seconds), seconds, "A bar interval is at least one second, for example 60, 1m or 1h."),
        > Longest => throw new ArgumentOutOfRangeException(nameof(seconds), seconds, $"A bar interval is at most {Longest} seconds."),
        _ => new BarInterval(seconds),
    };

    /// <summary>The interval as long as <paramref name="duration"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The duration is zero, negative, too long, or has a fraction of a second.</exception>
    public static BarInterval FromTimeSpan(TimeSpan duration) => duration.Ticks % TimeSpan.TicksPerSecond == 0
        ? FromSeconds(duration.Ticks / TimeSpan.TicksPerSecond)
        : throw new ArgumentOutOfRangeException(nameof(duration), duration, "A bar interval is a whole number of seconds.");

    /// <summary>The interval of <paramref name="months"/> calendar months.</summary>
    /// <param name="months">From 1 to 1,200.</param>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside.</exception>
    public static BarInterval FromMonths(int months) => months is >= 1 and <= MostMonths
        ? new BarInterval(-months)
        : throw new ArgumentOutOfRangeException(nameof(months), months, $"Bars are of 1 to {MostMonths} calendar months.");

    /// <summary>The interval that <see cref="Number"/> names.</summary>
    /// <exception cref="ArgumentOutOfRangeException">No interval has that number.</exception>
    public static BarInterval FromNumber(long number) => number switch
    {
        >= 0 => FromSeconds(number),
        > -DaysInNumber => FromMonths((int)-number),
        >= -Longest when FromSeconds(-number % DaysInNumber * Day).TryDelay(-number / DaysInNumber * Hour) is { } delayed => delayed,
        _ => throw new ArgumentOutOfRangeException(nameof(number), number, "No bar interval has this number."),
    };

    /// <summary>
    /// The interval whose bars are as long as <paramref name="bars"/> of these, and open at the same offset; the longest there is where
    /// that is longer.
    /// </summary>
    internal BarInterval Times(long bars) =>
        !IsFixed ? FromMonths((int)Math.Min(Math.Min(bars, MostMonths) * Months, MostMonths))
        : bars <= Longest / Step ? new BarInterval(bars * Step, Offset)
        : FromSeconds(Longest);

    /// <summary>The open of the bar that holds <paramref name="timestamp"/> (Unix seconds, UTC).</summary>
    public long Floor(long timestamp) => FloorOf(this, timestamp);

    /// <summary>The open of the first bar that opens at or after <paramref name="timestamp"/> (Unix seconds, UTC).</summary>
    public long Ceiling(long timestamp)
    {
        long floor = Floor(timestamp);
        return floor == timestamp ? timestamp : Next(floor);
    }

    /// <summary>Whether a bar of this interval opens at <paramref name="timestamp"/> (Unix seconds, UTC).</summary>
    public bool IsOnGrid(long timestamp) => Floor(timestamp) == timestamp;

    /// <summary>The open of the bar after the one that opens at <paramref name="open"/>: the instant at which that one closes.</summary>
    public long Next(long open) => Step > 0 ? open + Step : AddMonths(this, open, 1);

    /// <summary>The open of the bar before the one that opens at <paramref name="open"/>.</summary>
    public long Previous(long open) => Step > 0 ? open - Step : AddMonths(this, open, -1);

    /// <summary>
    /// The open of the bar <paramref name="bars"/> bars after the one of <paramref name="open"/>, or before it where that is negative.
    /// </summary>
    public long Add(long open, long bars) => Step > 0 ? open + (bars * Step) : AddMonths(this, open, bars);

    /// <summary>How many bars open from <paramref name="first"/> to <paramref name="last"/>, which are opens, both counted.</summary>
    public long CountBetween(long first, long last) =>
        (Step > 0 ? (last - first) / Step : (OpenMonth(last) - OpenMonth(first)) / Months) + 1;

    /// <summary>Whether each bar is made of whole bars of <paramref name="shorter"/>.</summary>
    public bool IsMadeOf(BarInterval shorter) => (IsFixed, shorter.IsFixed) switch
    {
        (true, true) => Step % shorter.Step == 0 && (Anchor - shorter.Anchor) % shorter.Step == 0,
        (false, true) => Day % shorter.Step == 0 && shorter.Anchor == 0,
        (false, false) => Months % shorter.Months == 0,
        _ => false,
    };

    /// <summary>The bars of a whole range as the time that they take: from the open of its first to the last second of its last.</summary>
    /// <param name="bars">A range whose ends are on the grid.</param>
    public TimeRange TimeOf(TimeRange bars) => new(bars.Start, Next(bars.End) - 1);

    /// <summary>
    /// The open of the last bar that has closed at <paramref name="now"/> (Unix seconds, UTC): a bar closes when its
    /// interval has passed, so a bar that is still forming is never named.
    /// </summary>
    public long LastClosedBar(long now) => Previous(Floor(now));

    /// <inheritdoc cref="LastClosedBar(long)"/>
    public long LastClosedBar(DateTimeOffset now) => LastClosedBar(now.ToUnixTimeSeconds());

    /// <summary>
    /// How long before <paramref name="now"/> the bar that opens at <paramref name="open"/> closed; zero for one that has not.
    /// </summary>
    internal TimeSpan SinceClose(long open, DateTimeOffset now)
    {
        TimeSpan since = now - UnixTime.FromSeconds(Next(open));
        return since > TimeSpan.Zero ? since : TimeSpan.Zero;
    }

    /// <summary>The interval of the same length whose bars open a number of seconds later; null where it cannot be so.</summary>
    private BarInterval? TryDelay(long seconds) =>
        Step > 0 && Step % Day == 0 && seconds % Hour == 0 && seconds > 0 && seconds < (Step % Week == 0 ? Week : Day)
            ? new BarInterval(Step, seconds)
            : null;

    /// <inheritdoc/>
    public bool Equals(BarInterval other) => _calendar == other._calendar;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is BarInterval other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => _calendar.GetHashCode();

    /// <summary>By length, months by their mean one; of the same length, by when in the week or day they open.</summary>
    public int CompareTo(BarInterval other) => (MeanSeconds, Anchor).CompareTo((other.MeanSeconds, other.Anchor));

    /// <summary>Whether both are the same calendar.</summary>
    public static bool operator ==(BarInterval left, BarInterval right) => left.Equals(right);

    /// <summary>Whether they are not the same calendar.</summary>
    public static bool operator !=(BarInterval left, BarInterval right) => !left.Equals(right);

    /// <summary>Whether the left is shorter.</summary>
    public static bool operator <(BarInterval left, BarInterval right) => left.CompareTo(right) < 0;

    /// <summary>Whether the left is longer.</summary>
    public static bool operator >(BarInterval left, BarInterval right) => left.CompareTo(right) > 0;

    /// <summary>Whether the left is not longer.</summary>
    public static bool operator <=(BarInterval left, BarInterval right) => left.CompareTo(right) <= 0;

    /// <summary>Whether the left is not shorter.</summary>
    public static bool operator >=(BarInterval left, BarInterval right) => left.CompareTo(right) >= 0;

    // What is not inlined takes the interval as a value: its address would keep it out of registers, in loops over millions of bars.
    private static long FloorOf(BarInterval interval, long timestamp)
    {
        if (interval.Step <= 0)
        {
            return StartOfMonth(interval.OpenMonth(timestamp));
        }

        long sinceOpen = (timestamp - interval.Anchor) % interval.Step;
        return timestamp - (sinceOpen < 0 ? sinceOpen + interval.Step : sinceOpen);
    }

    private static InvalidOperationException NeverSet() =>
        new("This bar interval was never set. Use BarInterval.Parse or BarInterval.FromSeconds.");

    private static long AnchorOf(long seconds) => seconds % Week == 0 ? FirstMonday % seconds : 0;
}
