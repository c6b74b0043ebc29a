using Qmtl.Data;
using Qmtl.Messages;

namespace Qmtl.Fetching.Csv;

/// <summary>What the header of a file says: which column is the time, which names the node, and which are payload.</summary>
/// <param name="Delimiter">What stands between two fields.</param>
/// <param name="FieldCount">How many fields each row must have.</param>
/// <param name="Time">The place of the column with the bar's open.</param>
/// <param name="TimeName">Its name.</param>
/// <param name="Clock">The place of the column with the time of day, where the other holds only the date; null where one column has all.</param>
/// <param name="ClockName">Its name.</param>
/// <param name="Node">The place of the column with the node id; null where all rows are of one stream.</param>
/// <param name="Payload">All other named columns.</param>
internal sealed record CsvLayout(string Delimiter, int FieldCount, int Time, string TimeName, int? Clock, string ClockName, int? Node, IReadOnlyList<CsvColumn> Payload)
{
    private static readonly string[] TimeNames = ["ts", "timestamp", "open_time", "opentime", "datetime", "date_time", "unix", "time", "date"];
    private static readonly string[] ClockNames = ["time", "hour", "timestamp", "ts"];
    private const string WantedNames = "ts, timestamp, open_time, time or date";
    private static readonly string[] NodeNames = ["node_id", "symbol"];
    private static readonly string[] Delimiters = [",", ";", "\t"];

    /// <summary>The delimiter that stands most often in the header, which holds names and hence none of the others.</summary>
    public static string DetectDelimiter(string headerLine) =>
        Delimiters.MaxBy(delimiter => headerLine.Count(character => character == delimiter[0]))!;

    /// <summary>Whether the column of the time of day says that it holds hours.</summary>
    public bool IsHour => IsNamed(ClockName, "hour");

    /// <summary>Reads the fields of the header.</summary>
    /// <param name="path">The file, for errors.</param>
    /// <param name="delimiter">What stands between two fields.</param>
    /// <param name="header">The fields of the first line.</param>
    /// <param name="first">Those of the first row, which tell whether date and time are two columns; null where there is no row.</param>
    /// <exception cref="SourceException">There is no header, it has no time, or two columns have one name.</exception>
    public static CsvLayout Parse(string path, string delimiter, IReadOnlyList<string> header, IReadOnlyList<string>? first)
    {
        string[] names = [.. header.Select(NameOf)];
        if (names.All(name => name.Length == 0 || char.IsAsciiDigit(name[0]) || name[0] == '-'))
        {
            throw new SourceException($"{path}, line 1: there is no header. The first line must name the columns, for example ts,open,high,low,close,volume.");
        }

        // Programs that write an index without a name, as pandas does, leave the first field of the header empty.
        int time = Find(names, TimeNames) ?? (names[0].Length == 0 && names.Length > 1 ? 0 : throw new SourceException(
            $"{path}, line 1: no column holds the bars' time. Name one of them {WantedNames}; there are {PlainText.OneLine(string.Join(", ", names), SourceNote.LongestText)}."));
        int? clock = null;
        if (Find(names, ["date"]) is { } date && FindClock(names, date, first) is { } found)
        {
            (time, clock) = (date, found);
        }
        else if (first is not null && first.Count == names.Length && IsNamed(names[time], "time") && first[time].Trim().Length is 4 or 6 && first[time].TrimStart().StartsWith('0')
            && CsvClock.IsTimeOfDay(first[time], isHour: false))
        {
            throw new SourceException($"{path}: '{first[time].Trim()}' in {names[time]} is a time of day, and no column has the date. Name that one date.");
        }

        int? node = Find(names, NodeNames);
        List<CsvColumn> payload = [];
        for (int i = 0; i < names.Length; i++)
        {
            if (i != time && i != clock && i != node && names[i].Length > 0 && !ColumnNames.IsKey(names[i]))
            {
                payload.Add(new CsvColumn(names[i], i));
            }
        }

        RequireUsable(path, payload);
        string timeName = names[time].Length > 0 ? names[time] : "the first column";
        return new CsvLayout(delimiter, names.Length, time, timeName, clock, clock is { } place ? names[place] : string.Empty, node, payload);
    }

    // <OPEN>, as some charting programs write it, is open to all others.
    private static string NameOf(string field)
    {
        string name = CsvText.Decode(field).Trim();
        return name is ['<', .. var inner, '>'] ? inner : name;
    }

    private static int? FindClock(string[] names, int date, IReadOnlyList<string>? first)
    {
        foreach (string name in ClockNames)
        {
            if (Find(names, [name]) is { } place && place != date && (first is null || first.Count != names.Length || CsvClock.IsTimeOfDay(first[place], name == "hour")))
            {
                return place;
            }
        }

        return null;
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

    private static int? Find(string[] names, string[] wanted)
    {
        foreach (string name in wanted)
        {
            int index = Array.FindIndex(names, candidate => IsNamed(candidate, name));
            if (index >= 0)
            {
                return index;
            }
        }

        return null;
    }

    // "Open time" and open_time are one name to people.
    private static bool IsNamed(string name, string wanted) => string.Equals(name.Replace(' ', '_'), wanted, StringComparison.OrdinalIgnoreCase);
}
