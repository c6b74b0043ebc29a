using Qmtl.Messages;

namespace Qmtl.Data;

/// <summary>What a <see cref="SourceNote"/> is about.</summary>
public enum SourceNoteKind
{
    /// <summary>Times of the answer were read as something else than Unix seconds or ISO 8601. A warning.</summary>
    TimeUnit,

    /// <summary>Times of the answer have no offset and were read as UTC. Only information.</summary>
    TimesWithoutOffset,

    /// <summary>A value of the answer could not be read. A warning.</summary>
    Value,

    /// <summary>Bars contradict themselves, such as a high below the low. A warning.</summary>
    BadBars,

    /// <summary>The source's clock is well behind this machine's. A warning.</summary>
    SourceClock,

    /// <summary>The source does not reach back to all of the bars. A warning.</summary>
    Reach,

    /// <summary>A file of the source cannot be used. A warning.</summary>
    BulkFile,

    /// <summary>Rows that were read from a provider are no bars of the stream. A warning.</summary>
    RowsLeftOut,
}

/// <summary>What an operator should know of how a source's answer was read.</summary>
/// <param name="Kind">What it is about.</param>
/// <param name="Text">A sentence without its end, fit for a terminal.</param>
public sealed record SourceNote(SourceNoteKind Kind, string Text)
{
    /// <summary>How much of a text that cannot be read is shown.</summary>
    internal const int LongestText = 200;

    /// <summary>Whether it is to be told as a warning.</summary>
    public bool IsWarning => Kind != SourceNoteKind.TimesWithoutOffset;

    /// <summary>What to say of an answer's times.</summary>
    /// <param name="unit">What numbers among them are read as, a sentence without its end; null where nothing is to be said of it.</param>
    /// <param name="anyWithoutOffset">Whether any is a date and time without an offset.</param>
    internal static IEnumerable<SourceNote> OfTimes(string? unit, bool anyWithoutOffset)
    {
        if (unit is not null)
        {
            yield return new SourceNote(SourceNoteKind.TimeUnit, unit);
        }

        if (anyWithoutOffset)
        {
            yield return new SourceNote(SourceNoteKind.TimesWithoutOffset, "its times without an offset are read as UTC");
        }
    }

    /// <summary>What to say of a text that should be a number: where it stands, and what becomes of it.</summary>
    /// <param name="text">The text.</param>
    /// <param name="column">Its column.</param>
    /// <param name="place">Where it stands, for example <c>of 2024-01-31T09:30:00Z</c>.</param>
    internal static string Misfit(string text, string column, string place)
    {
        string fate = ColumnNames.IsAmount(column) ? "so its row is not taken" : "and is taken as null";
        return $"'{PlainText.OneLine(text, LongestText)}' in {PlainText.OneLine(column, LongestText)} {place} is no number (digits with a "
            + $"point, as 1234.5), {fate}";
    }
}
