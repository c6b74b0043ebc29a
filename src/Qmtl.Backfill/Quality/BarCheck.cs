using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.Quality;

/// <summary>What can be wrong with a bar, or with how bars follow each other.</summary>
public enum BarCheck
{
    /// <summary>The high is below the low.</summary>
    HighBelowLow,

    /// <summary>The open or the close is above the high or below the low.</summary>
    OutsideHighLow,

    /// <summary>A price is zero or negative.</summary>
    NotPositive,

    /// <summary>A volume or a number of trades is negative.</summary>
    NegativeVolume,

    /// <summary>Another row of the same bar.</summary>
    Duplicate,

    /// <summary>No bar of the interval opens at the row's time.</summary>
    OffGrid,

    /// <summary>A row stands before an earlier one, among rows that otherwise ascend, or after one among rows that descend.</summary>
    Order,

    /// <summary>Rows that are evidently bars of another interval.</summary>
    WrongInterval,

    /// <summary>A return is far from all that came before.</summary>
    Jump,

    /// <summary>The price does not move for many bars.</summary>
    Flat,
}

/// <summary>What becomes of a bar of a source that contradicts itself: one of the first four of <see cref="BarCheck"/>.</summary>
public enum BadBars
{
    /// <summary>It is stored, and told: one warning a stream and a check, with how many there are and the first of them.</summary>
    Warn,

    /// <summary>It is stored without a word.</summary>
    Store,

    /// <summary>Its range fails, and nothing of its page is stored.</summary>
    Refuse,
}

/// <summary>Something that is wrong with bars of a stream.</summary>
public sealed class BarFinding
{
    /// <summary>The stream.</summary>
    public required StreamKey Stream { get; init; }

    /// <summary>What was looked for.</summary>
    public required BarCheck Check { get; init; }

    /// <summary>From the first bar that it is about to the last, by their opens (Unix seconds, UTC); of one bar, or row, both are its
    /// time.</summary>
    public required TimeRange Range { get; init; }

    /// <summary>The column that it is about; null where it is about times.</summary>
    public string? Column { get; init; }

    /// <summary>What stands there: a number or a text. Null where there is nothing but the time.</summary>
    public object? Value { get; init; }

    /// <summary>What should stand there: <c>at least the low, 5</c>.</summary>
    public required string Expected { get; init; }

    /// <summary>All of it as a sentence without its end and without the stream.</summary>
    public required string Message { get; init; }

    /// <summary>Stream, time and what is wrong.</summary>
    public override string ToString() => $"{Stream} {UnixTime.Format(Range.Start)}: {Message}";
}

/// <summary>What an examination looks for, and from where on something is suspicious.</summary>
public sealed record ExaminationOptions
{
    /// <summary>The checks that are made.</summary>
    /// <value>All by default.</value>
    public IReadOnlyCollection<BarCheck> Checks { get; init; } = Enum.GetValues<BarCheck>();

    /// <summary>
    /// How many standard deviations of the returns before it a return (the logarithm of close by close) must be from zero to be a
    /// <see cref="BarCheck.Jump"/>. One over several bars, because some are missing between, may be longer by their number's square root.
    /// </summary>
    /// <value>12 by default; above 0.</value>
    public double Sigma { get; init; } = 12;

    /// <summary>Over how many returns the standard deviation is taken; below 30 there is none yet.</summary>
    /// <value>1,000 by default; from 30 to 1,000,000.</value>
    public int Window { get; init; } = 1000;

    /// <summary>
    /// How many bars in a row must have one and the same price (open, high, low and close) to be <see cref="BarCheck.Flat"/>.
    /// </summary>
    /// <value>60 by default; from 2 on.</value>
    public int FlatBars { get; init; } = 60;

    /// <summary>Checks the options against their limits.</summary>
    /// <exception cref="ArgumentException">An option is outside; the message names it and its limits.</exception>
    public void Validate()
    {
        if (Checks is not { Count: > 0 })
        {
            throw new ArgumentException("No check is chosen, so nothing would be looked for. Name one, or none for all.");
        }

        if (Checks.FirstOrDefault(check => !Enum.IsDefined(check)) is var unknown && !Enum.IsDefined(unknown))
        {
            throw new ArgumentException($"{unknown} is no check. Choose {string.Join(", ", Enum.GetNames<BarCheck>())}.");
        }

        if (!(Sigma > 0) || !double.IsFinite(Sigma))
        {
            throw new ArgumentException(FormattableString.Invariant($"Sigma is {Sigma}, and must be a number above 0."));
        }

        if (Window is < 30 or > 1_000_000 || FlatBars < 2)
        {
            throw new ArgumentException(
                FormattableString.Invariant(
                    $"The window is {Window} returns (30 to 1,000,000) and a flat run {FlatBars} bars (2 or more): one is outside."));
        }
    }
}
