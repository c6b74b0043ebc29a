using System.Globalization;
using CsvHelper;
using Qmtl.Messages;
using Qmtl.Time;

namespace Qmtl.Fetching.Csv;

/// <summary>How the times of a file are read.</summary>
/// <param name="Numbers">Those that are numbers.</param>
/// <param name="Clock">The digits of times of day, where date and time are two columns.</param>
internal readonly record struct CsvTimeForm(TimeReading Numbers, ClockDigits Clock);

/// <summary>
/// Reads the times of a file's rows in a form that was learnt from all of them, and learns it: a file is read once in the usual form, and
/// once more where its times as a whole turn out to have another.
/// </summary>
internal sealed class CsvTimes(CsvLayout layout, CsvTimeForm form)
{
    private readonly TimeNumbers _numbers = new();
    private readonly ClockEvidence _clock = new(layout.IsHour);
    private readonly long[] _formats = new long[Enum.GetValues<CsvTimestampFormat>().Length];

    /// <summary>The form that the rows so far have.</summary>
    public CsvTimeForm Learnt => new(_numbers.Reading, _clock.Digits);

    /// <summary>The format that most rows have.</summary>
    public CsvTimestampFormat Format => (CsvTimestampFormat)Array.IndexOf(_formats, _formats.Max());

    /// <summary>Whether there were times without an offset, which are taken as UTC.</summary>
    public bool AnyWithoutOffset { get; private set; }

    /// <summary>Why the times as a whole cannot be told, a sentence; null where they can.</summary>
    public string? Refusal => layout.Clock is null
        ? _numbers.Mixture is { } mixture ? $"The times in {layout.TimeName} {mixture}" : null
        : _clock.DoubtAbout(layout.ClockName);

    /// <summary>What an operator should know of the units of the times; null where all have one.</summary>
    public string? UnitNote => _numbers.AreOfSeveralUnits ? _numbers.Describe() : null;

    /// <summary>Reads the row at which the parser stands.</summary>
    /// <returns>What is wrong with it, or null.</returns>
    public string? Read(CsvParser parser, out long timestamp, out int nanoseconds)
    {
        (timestamp, nanoseconds) = (0, 0);
        if (parser.Count != layout.FieldCount)
        {
            return string.Create(CultureInfo.InvariantCulture, $"it has {parser.Count} fields, the header has {layout.FieldCount}.");
        }

        string text = parser[layout.Time];
        if (layout.Clock is { } clock)
        {
            return ReadBoth(text, parser[clock], out timestamp, out nanoseconds)
                ? null
                : $"'{Shown(text)}' in {layout.TimeName} and '{Shown(parser[clock])}' in {layout.ClockName} are no date and time of day. "
                    + "Write 2024-01-02 or 20240102, and 09:00, 0900 or 090000; hours are 0 to 23.";
        }

        TimestampValue.Kind kind = TimestampValue.Look(text, out timestamp, out nanoseconds);
        if (kind == TimestampValue.Kind.None || (kind == TimestampValue.Kind.Number && !_numbers.LookAt(timestamp)))
        {
            return $"'{Shown(text)}' in {layout.TimeName} is no bar's open. Write Unix seconds, milliseconds, microseconds or nanoseconds, or ISO 8601"
                + (layout.TimeName == "Timestamp" ? "; Get-QmtlHistory -AsText has Export-Csv write it in any culture." : ".");
        }

        CsvTimestampFormat format = CsvTimestampFormat.Iso8601;
        if (kind == TimestampValue.Kind.Number)
        {
            format = form.Numbers.IsDate ? CsvTimestampFormat.Date : (CsvTimestampFormat)form.Numbers.UnitOf(timestamp);
            (timestamp, nanoseconds) = form.Numbers.Read(timestamp);
        }

        AnyWithoutOffset |= kind == TimestampValue.Kind.WithoutOffset || format == CsvTimestampFormat.Date;
        _formats[(int)format]++;
        return null;
    }

    private bool ReadBoth(string date, string time, out long timestamp, out int nanoseconds)
    {
        nanoseconds = 0;
        _clock.LookAt(time);
        if (!CsvClock.TryReadDate(date, out timestamp) || !CsvClock.TryReadTime(time, form.Clock, out TimeSpan clock))
        {
            return false;
        }

        timestamp += clock.Ticks / TimeSpan.TicksPerSecond;
        nanoseconds = (int)(clock.Ticks % TimeSpan.TicksPerSecond) * 100;
        AnyWithoutOffset = true;
        _formats[(int)CsvTimestampFormat.DateAndTime]++;
        return true;
    }

    private static string Shown(string field) => PlainText.OneLine(CsvText.Decode(field), 40);
}
