using System.Globalization;
using CsvHelper;
using Qmtl.Data;
using Qmtl.Messages;
using Qmtl.Time;

namespace Qmtl.Fetching.Files;

/// <summary>How the times and numbers of a file are read.</summary>
/// <param name="Numbers">Times that are numbers.</param>
/// <param name="ClockScale">The digits of times of day, where date and time are two columns; see <see cref="CsvClock"/>.</param>
/// <param name="HasDecimalComma">Whether 1,5 is one and a half, where no culture was named.</param>
internal readonly record struct CsvForm(TimeReading Numbers, int ClockScale, bool HasDecimalComma)
{
    /// <summary>Unix seconds or what is told from them by its size, and hours with minutes and seconds.</summary>
    public static CsvForm Usual { get; } = new(default, CsvClock.Seconds, HasDecimalComma: false);
}

/// <summary>
/// Reads the times of a file's rows in a form that was learnt from all of them, and learns it: a file is read once in the usual form, and
/// once more where its times as a whole turn out to have another.
/// </summary>
internal sealed class CsvTimes(CsvLayout layout, CsvForm form)
{
    private const int Iso8601 = 4;
    private const int Date = 5;
    private const int TwoColumns = 6;

    // The first ones are in the order of TimeReading's units.
    private static readonly string[] Formats =
    [
        "Unix seconds", "Unix milliseconds", "Unix microseconds", "Unix nanoseconds", "ISO 8601", "dates in digits",
        "a date and a time of day in two columns",
    ];

    private readonly TimeNumbers _numbers = new();
    private readonly CsvClock _clock = new(layout.Clock?.IsNamed("hour") == true);
    private readonly long[] _formats = new long[Formats.Length];
    private bool _anyWithoutOffset;

    /// <summary>The form that the rows so far have.</summary>
    public CsvForm Learnt => new(_numbers.Reading, _clock.Scale, HasDecimalComma: false);

    /// <summary>How most rows write their times, for people.</summary>
    public string Format => (_numbers.AreOfSeveralUnits ? "mostly " : string.Empty) + Formats[Array.IndexOf(_formats, _formats.Max())]
        + (_anyWithoutOffset ? ", UTC where they have no offset" : string.Empty);

    /// <summary>Why the times as a whole cannot be told, a sentence; null where they can.</summary>
    public string? Refusal => layout.Clock is { } clock
        ? _clock.DoubtAbout(clock.Name)
        : _numbers.Mixture is { } mixture ? $"The times in {layout.Time} {mixture}" : null;

    /// <summary>What an operator should know of how the times are read.</summary>
    public IEnumerable<SourceNote> Notes => SourceNote.OfTimes(
        _numbers.AreOfSeveralUnits ? _numbers.Describe() : null, _anyWithoutOffset);

    /// <summary>Reads the row at which the parser stands.</summary>
    /// <returns>What is wrong with it, or null.</returns>
    public string? Read(CsvParser parser, out long timestamp, out int nanoseconds)
    {
        (timestamp, nanoseconds) = (0, 0);
        if (parser.Count != layout.FieldCount)
        {
            return string.Create(CultureInfo.InvariantCulture, $"it has {parser.Count} fields, the header has {layout.FieldCount}.");
        }

        string text = parser[layout.Time.Index];
        if (layout.Clock is { } column)
        {
            string clock = parser[column.Index];
            _clock.LookAt(clock);
            if (!CsvClock.TryRead(CsvCulture.WithYearFirst(text, layout.Culture), clock, form.ClockScale, out timestamp, out nanoseconds))
            {
                return $"'{Shown(text)}' in {layout.Time} and '{Shown(clock)}' in {column} are no date and time of day. "
                    + "Write 2024-01-02 or 20240102, and 09:00, 0900 or 090000; hours are 0 to 23.";
            }

            _anyWithoutOffset = true;
            _formats[TwoColumns]++;
            return null;
        }

        TimestampValue.Kind kind = TimestampValue.Look(text, out timestamp, out nanoseconds);
        if (kind == TimestampValue.Kind.None)
        {
            kind = TimestampValue.Look(CsvCulture.WithYearFirst(text, layout.Culture), out timestamp, out nanoseconds);
        }

        if (kind == TimestampValue.Kind.None || (kind == TimestampValue.Kind.Number && !_numbers.LookAt(timestamp)))
        {
            return $"'{Shown(text)}' in {layout.Time} is no bar's open. "
                + "Write Unix seconds, milliseconds, microseconds or nanoseconds, or ISO 8601"
                + (text.Contains('/', StringComparison.Ordinal) ? ", or name the culture of the dates (-Culture, --culture)." :
                    layout.Time.Name == "Timestamp" ? "; Get-QmtlHistory -AsText has Export-Csv write it in any culture." : ".");
        }

        int format = Iso8601;
        if (kind == TimestampValue.Kind.Number)
        {
            format = form.Numbers.IsDate ? Date : form.Numbers.UnitOf(timestamp);
            (timestamp, nanoseconds) = form.Numbers.Read(timestamp);
        }

        _anyWithoutOffset |= kind == TimestampValue.Kind.WithoutOffset || format == Date;
        _formats[format]++;
        return null;
    }

    private static string Shown(string field) => PlainText.OneLine(CsvFile.Decode(field), 40);
}
