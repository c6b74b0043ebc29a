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

    /// <summary>ISO 8601 text; UTC where it has no offset.</summary>
    Iso8601,
}
