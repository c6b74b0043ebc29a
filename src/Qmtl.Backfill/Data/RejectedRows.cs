using System.Globalization;

namespace Qmtl.Data;

/// <summary>How many rows of an answer could not be stored, by reason, with an example of each where there is one. Immutable.</summary>
public sealed class RejectedRows
{
    private static readonly int ReasonCount = Enum.GetValues<RejectionReason>().Length;

    private readonly long[] _counts;

    private readonly string?[] _examples;

    private RejectedRows(long[] counts, string?[] examples) => (_counts, _examples) = (counts, examples);

    /// <summary>Nothing was rejected.</summary>
    public static RejectedRows None { get; } = new(new long[ReasonCount], new string?[ReasonCount]);

    /// <summary>How many rows were rejected in all.</summary>
    public long Total => _counts.Sum();

    /// <summary>How many rows were rejected for <paramref name="reason"/>.</summary>
    public long this[RejectionReason reason] => _counts[(int)reason];

    /// <summary>The reasons that occurred, with their counts.</summary>
    public IEnumerable<KeyValuePair<RejectionReason, long>> ByReason =>
        Enum.GetValues<RejectionReason>().Where(reason => this[reason] > 0).Select(reason => KeyValuePair.Create(reason, this[reason]));

    /// <summary>What is wrong with one of the rows rejected for <paramref name="reason"/>, for people; null where nobody said.</summary>
    public string? ExampleOf(RejectionReason reason) => _examples[(int)reason];

    /// <summary>These and <paramref name="count"/> more for <paramref name="reason"/>.</summary>
    /// <param name="reason">The reason.</param>
    /// <param name="count">How many.</param>
    /// <param name="example">What is wrong with one of them: part of a sentence without its end, fit for a terminal. The first example of a
    /// reason is kept.</param>
    public RejectedRows Plus(RejectionReason reason, long count, string? example = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        if (count == 0)
        {
            return this;
        }

        long[] counts = [.. _counts];
        counts[(int)reason] += count;
        string?[] examples = [.. _examples];
        examples[(int)reason] ??= example;
        return new RejectedRows(counts, examples);
    }

    /// <summary>These and those of <paramref name="other"/>.</summary>
    public RejectedRows Plus(RejectedRows other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return other.Total == 0 ? this : new RejectedRows(
            [.. _counts.Zip(other._counts, (a, b) => a + b)], [.. _examples.Zip(other._examples, (a, b) => a ?? b)]);
    }

    /// <summary>A sentence's worth for an operator, for example <c>3 outside the asked range, 1 without a usable ts</c>.</summary>
    public override string ToString() => Total == 0
        ? "none"
        : string.Join(
            ", ",
            ByReason.Select(pair => string.Create(CultureInfo.InvariantCulture, $"{pair.Value} {Describe(pair.Key)}{Example(pair.Key)}")));

    private string Example(RejectionReason reason) => ExampleOf(reason) is { } example ? $" ({example})" : string.Empty;

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
        RejectionReason.Contradiction => "contradicting another row of their bar",
        _ => reason.ToString(),
    };
}
