using Qmtl.Data;

namespace Qmtl.Fetching.Csv;

/// <summary>What the header of a file says: which column is the time, which names the node, and which are payload.</summary>
/// <param name="Delimiter">What stands between two fields.</param>
/// <param name="FieldCount">How many fields each row must have.</param>
/// <param name="Time">The place of the column with the bar's open.</param>
/// <param name="TimeName">Its name.</param>
/// <param name="Node">The place of the column with the node id; null where all rows are of one stream.</param>
/// <param name="Payload">All other named columns.</param>
internal sealed record CsvLayout(string Delimiter, int FieldCount, int Time, string TimeName, int? Node, IReadOnlyList<CsvColumn> Payload)
{
    private static readonly string[] TimeNames = ["ts", "timestamp", "open_time", "time", "date"];
    private static readonly string[] NodeNames = ["node_id", "symbol"];
    private static readonly string[] Delimiters = [",", ";", "\t"];

    /// <summary>The delimiter that stands most often in the header, which holds names and hence none of the others.</summary>
    public static string DetectDelimiter(string headerLine) =>
        Delimiters.MaxBy(delimiter => headerLine.Count(character => character == delimiter[0]))!;

    /// <summary>Reads the fields of the header.</summary>
    /// <exception cref="SourceException">There is no header, it has no time, or two columns have one name.</exception>
    public static CsvLayout Parse(string path, string delimiter, IReadOnlyList<string> header)
    {
        string[] names = [.. header.Select(name => CsvText.Decode(name).Trim())];
        if (names.All(name => name.Length == 0 || char.IsAsciiDigit(name[0]) || name[0] == '-'))
        {
            throw new SourceException($"{path}, line 1: there is no header. The first line must name the columns, for example ts,open,high,low,close,volume.");
        }

        int time = Find(names, TimeNames)
            ?? throw new SourceException($"{path}, line 1: no column holds the bars' time. Name one of them {string.Join(", ", TimeNames[..^1])} or {TimeNames[^1]}; there are {string.Join(", ", names)}.");
        int? node = Find(names, NodeNames);
        List<CsvColumn> payload = [];
        for (int i = 0; i < names.Length; i++)
        {
            if (i != time && i != node && names[i].Length > 0 && !ColumnNames.IsKey(names[i]))
            {
                payload.Add(new CsvColumn(names[i], i));
            }
        }

        RequireUsable(path, payload);
        return new CsvLayout(delimiter, names.Length, time, names[time], node, payload);
    }

    private static void RequireUsable(string path, List<CsvColumn> payload)
    {
        try
        {
            _ = new RawBars(ReadOnlyMemory<long>.Empty, [.. payload.Select(column => new BarColumn<double>(column.Name, Array.Empty<double>()))]);
        }
        catch (ArgumentException error)
        {
            throw new SourceException($"{path}, line 1: {error.Message}", error);
        }
    }

    // "Open time" and open_time are one name to people.
    private static int? Find(string[] names, string[] wanted)
    {
        foreach (string name in wanted)
        {
            int index = Array.FindIndex(names, candidate => string.Equals(candidate.Replace(' ', '_'), name, StringComparison.OrdinalIgnoreCase));
            if (index >= 0)
            {
                return index;
            }
        }

        return null;
    }
}
