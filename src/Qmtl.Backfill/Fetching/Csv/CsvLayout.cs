using CsvHelper;
using Qmtl.Data;
using Qmtl.Messages;

namespace Qmtl.Fetching.Csv;

/// <summary>A column of the file.</summary>
/// <param name="name">Its name in the header.</param>
/// <param name="index">Its place in a row.</param>
internal sealed class CsvColumn(string name, int index)
{
    public string Name => name;

    public int Index => index;

    /// <summary>What its fields tell of its type, where it is payload.</summary>
    public ColumnEvidence Evidence { get; } = new(name);

    /// <summary>Whether it has that name to people, for whom "Open time" and open_time are one.</summary>
    public bool IsNamed(string wanted) => string.Equals(name.Replace(' ', '_'), wanted, StringComparison.OrdinalIgnoreCase);

    /// <summary>The name, for errors.</summary>
    public override string ToString() => name.Length > 0 ? name : "the first column";
}

/// <summary>What the beginning of a file says: which column is the time, which names the node, and which are payload.</summary>
internal sealed class CsvLayout
{
    private const string Delimiters = ",;\t";
    private const string WantedNames = "ts, timestamp, open_time, time or date";
    private static readonly string[] TimeNames =
    [
        "ts", "timestamp", "open_time", "opentime", "datetime", "date_time", "unix", "time", "date",
    ];
    private static readonly string[] ClockNames = ["time", "hour", "timestamp", "ts"];
    private static readonly string[] NodeNames = ["node_id", "symbol"];

    private readonly string _path;
    private readonly int _start;
    private readonly string _delimiter;
    private readonly CsvColumn[] _columns;
    private readonly CsvColumn? _node;

    /// <summary>Reads the header, and the first row, which tells whether date and time are two columns.</summary>
    /// <exception cref="SourceException">The file is no CSV file, there is no header, it has no time, or two columns have one
    /// name.</exception>
    public CsvLayout(string path)
    {
        _path = path;
        (_start, string firstLine) = CsvFile.Begin(path);

        // A header holds names, and hence no delimiter inside them.
        _delimiter = Delimiters.MaxBy(delimiter => firstLine.Count(character => character == delimiter)).ToString();
        using CsvParser parser = OpenAtHeader();
        _columns = [.. parser.Record!.Select((field, index) => new CsvColumn(NameOf(field), index))];
        if (_columns.All(column => column.Name is "" or ['-' or (>= '0' and <= '9'), ..]))
        {
            throw Refuse("there is no header. The first line must name the columns, for example ts,open,high,low,close,volume.");
        }

        // Programs that write an index without a name, as pandas does, leave the first field of the header empty.
        Time = Find(TimeNames) ?? (_columns is [{ Name: "" } unnamed, _, ..] ? unnamed : throw Refuse(
            $"no column holds the bars' time. Name one of them {WantedNames}; there are "
            + $"{PlainText.OneLine(string.Join(", ", _columns.Select(column => column.Name)), SourceNote.LongestText)}."));
        string[]? first = parser.Read() && parser.Count == _columns.Length ? parser.Record : null;
        if (Find("date") is { } date && FindClock(date, first) is { } clock)
        {
            (Time, Clock) = (date, clock);
        }
        else if (Time.IsNamed("time")
            && first?[Time.Index].Trim() is ['0', ..] and { Length: 4 or 6 } text
            && CsvClock.IsTimeOfDay(text, isHour: false))
        {
            throw new SourceException($"{path}: '{text}' in {Time} is a time of day, and no column has the date. Name that one date.");
        }

        _node = Find(NodeNames);
        Payload = [.. _columns.Except([Time, Clock, _node])
            .OfType<CsvColumn>()
            .Where(column => column.Name.Length > 0 && !ColumnNames.IsKey(column.Name))];
        try
        {
            ColumnNames.RequireUsable([.. Payload.Select(column => new BarColumn<double>(column.Name, Array.Empty<double>()))], 0);
        }
        catch (ArgumentException error)
        {
            throw Refuse(error.Message);
        }
    }

    /// <summary>How many fields each row must have.</summary>
    public int FieldCount => _columns.Length;

    /// <summary>The column with the bar's open, or with its date.</summary>
    public CsvColumn Time { get; }

    /// <summary>The column with the time of day, where the other holds only the date; null where one column has all.</summary>
    public CsvColumn? Clock { get; }

    /// <summary>All named columns that are neither time nor key.</summary>
    public IReadOnlyList<CsvColumn> Payload { get; }

    /// <summary>A parser that stands at the header.</summary>
    public CsvParser OpenAtHeader()
    {
        CsvParser parser = Open(0);
        parser.Read();
        return parser;
    }

    /// <summary>A parser that begins so many bytes after the beginning of the text.</summary>
    public CsvParser Open(long offset) => CsvFile.Open(_path, _start + offset, _delimiter);

    /// <summary>The key of the node that the row at which the parser stands belongs to.</summary>
    public string NodeOf(CsvParser parser) => _node is null ? string.Empty : CsvFile.Decode(parser[_node.Index]);

    /// <summary>The key of a node: an empty name where no column names it, and all rows are of one stream.</summary>
    public string KeyOf(string nodeId) => _node is null ? string.Empty : nodeId;

    private SourceException Refuse(string reason) => new($"{_path}, line 1: {reason}");

    // <OPEN>, as some charting programs write it, is open to all others.
    private static string NameOf(string field)
    {
        string name = CsvFile.Decode(field).Trim();
        return name is ['<', .. var inner, '>'] ? inner : name;
    }

    private CsvColumn? FindClock(CsvColumn date, string[]? first) => ClockNames.Select(name => Find(name)).FirstOrDefault(clock =>
        clock is not null && clock != date && (first is null || CsvClock.IsTimeOfDay(first[clock.Index], clock.IsNamed("hour"))));

    private CsvColumn? Find(params string[] wanted) =>
        wanted.Select(name => Array.Find(_columns, column => column.IsNamed(name))).FirstOrDefault(column => column is not null);
}
