using CsvHelper;

namespace Qmtl.Fetching.Csv;

/// <summary>Reads the node of a row.</summary>
internal static class CsvRow
{
    /// <summary>The node that the row belongs to; an empty name where no column names it.</summary>
    public static string Node(CsvParser parser, CsvLayout layout) => layout.Node is { } node ? CsvText.Decode(parser[node]) : string.Empty;
}
