namespace Qmtl.Fetching.Csv;

/// <summary>How a CSV file writes the opens of its bars.</summary>
public enum CsvTimestampFormat
{
    /// <summary>Unix seconds.</summary>
    Seconds,

    /// <summary>Unix milliseconds.</summary>
    Milliseconds,

    /// <summary>Unix microseconds.</summary>
    Microseconds,

    /// <summary>Unix nanoseconds.</summary>
    Nanoseconds,

    /// <summary>ISO 8601 text; UTC where it has no offset.</summary>
    Iso8601,

    /// <summary>The digits of a date, as 20240131 or 20240131093000; UTC.</summary>
    Date,

    /// <summary>A date in one column and a time of day in another; UTC.</summary>
    DateAndTime,
}
