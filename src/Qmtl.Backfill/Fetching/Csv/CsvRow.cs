using System.Globalization;
using CsvHelper;

namespace Qmtl.Fetching.Csv;

/// <summary>Reads what every row has: a time and a node.</summary>
internal static class CsvRow
{
    /// <summary>Reads the row at which the parser stands.</summary>
    /// <returns>What is wrong with it, or null.</returns>
    public static string? Read(CsvParser parser, CsvLayout layout, out long timestamp, out CsvTimestampFormat format)
    {
        (timestamp, format) = (0, default);
        if (parser.Count != layout.FieldCount)
        {
            return string.Create(CultureInfo.InvariantCulture, $"it has {parser.Count} fields, the header has {layout.FieldCount}.");
        }

        string text = parser[layout.Time];
        return CsvTimestamp.TryRead(text, out timestamp, out format)
            ? null
            : $"'{Shorten(CsvText.Decode(text))}' in {layout.TimeName} is no bar's open. Write Unix seconds, milliseconds or microseconds, or ISO 8601, of a whole second.";
    }

    /// <summary>The node that the row belongs to; an empty name where no column names it.</summary>
    public static string Node(CsvParser parser, CsvLayout layout) => layout.Node is { } node ? CsvText.Decode(parser[node]) : string.Empty;

    private static string Shorten(string text) => text.Length <= 40 ? text : text[..40] + "…";
}
