using System.Globalization;

namespace Qmtl.Data;

/// <summary>How many rows of an answer could not be stored, by reason. Immutable.</summary>
public sealed class RejectedRows
{
    private static readonly int ReasonCount = Enum.GetValues<RejectionReason>().Length;

    private readonly long[] _counts;

    private RejectedRows(long[] counts) => _counts = counts;

    /// <summary>Nothing was rejected.</summary>
    public static RejectedRows None { get; } = new(new long[ReasonCount]);

    /// <summary>How many rows were rejected in all.</summary>
    public long Total => _counts.Sum();

    /// <summary>How many rows were rejected for <paramref name="reason"/>.</summary>
    public long this[RejectionReason reason] => _counts[(int)reason];

    /// <summary>The reasons that occurred, with their counts.</summary>
    public IEnumerable<KeyValuePair<RejectionReason, long>> ByReason =>
        Enum.GetValues<RejectionReason>().Where(reason => this[reason] > 0).Select(reason => KeyValuePair.Create(reason, this[reason]));

    /// <summary>These and <paramref name="count"/> more for <paramref name="reason"/>.</summary>
    public RejectedRows Plus(RejectionReason reason, long count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        if (count == 0)
        {
            return this;
        }

        long[] counts = [.. _counts];
        counts[(int)reason] += count;
        return new RejectedRows(counts);
    }

    /// <summary>These and those of <paramref name="other"/>.</summary>
    public RejectedRows Plus(RejectedRows other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return other.Total == 0 ? this : new RejectedRows([.. _counts.Zip(other._counts, (a, b) => a + b)]);
    }

    /// <summary>A sentence's worth for an operator, for example <c>3 outside the asked range, 1 without a usable ts</c>.</summary>
    public override string ToString() => Total == 0
        ? "none"
        : string.Join(", ", ByReason.Select(pair => string.Create(CultureInfo.InvariantCulture, $"{pair.Value} {Describe(pair.Key)}")));

    private static string Describe(RejectionReason reason) => reason switch
    {
        RejectionReason.MissingTimestamp => "without a usable ts",
        RejectionReason.Unreadable => "unreadable",
        RejectionReason.OutsideRange => "outside the asked range",
        RejectionReason.OffGrid => "off the interval's grid",
        RejectionReason.StillForming => "still forming",
        RejectionReason.NotANumber => "with a value that is no number",
        RejectionReason.NoPayload => "without any value",
        RejectionReason.Duplicate => "repeated",
        _ => reason.ToString(),
    };
}
