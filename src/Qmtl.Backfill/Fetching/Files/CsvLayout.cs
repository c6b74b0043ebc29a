using CsvHelper;
using Qmtl.Data;

namespace Qmtl.Fetching.Files;

/// <summary>A column of the file.</summary>
/// <param name="name">Its name in the header.</param>
/// <param name="index">Its place in a row.</param>
/// <param name="storedAs">The name under which it is stored.</param>
/// <param name="isExported">Whether this library wrote the file.</param>
/// <param name="header">The file's first line.</param>
internal sealed class CsvColumn(string name, int index, string storedAs, bool isExported, string header)
{
    public string Name => name;

    /// <summary>
    /// Whether it is text of a file of this library, which quotes the names and the values of such columns and of no others.
    /// </summary>
    public bool IsExactText { get; } = isExported && CsvFile.IsQuoted(header, index);

    public int Index => index;

    /// <summary>What its fields tell of its type, where it is payload.</summary>
    public ColumnEvidence Evidence { get; } = EvidenceOf(storedAs, isExported, isExported && CsvFile.IsQuoted(header, index));

    /// <inheritdoc cref="FileColumns.IsNamed"/>
    public bool IsNamed(string wanted) => FileColumns.IsNamed(name, wanted);

    private static ColumnEvidence EvidenceOf(string storedAs, bool isExported, bool isText)
    {
        var evidence = new ColumnEvidence(storedAs);
        if (isText)
        {
            evidence.Declare(BarColumnType.String);
        }
        else if (isExported)
        {
            evidence.DeclareExact();
        }

        return evidence;
    }

    /// <summary>The name, for errors.</summary>
    public override string ToString() => name.Length > 0 ? name : "the first column";
}

/// <summary>What the beginning of a file says: which column is the time, which names the node, and which are payload.</summary>
internal sealed class CsvLayout
{
    // A line with tabs or semicolons may have decimal commas, and none has more of them than of those.
    private const string Delimiters = "\t;,";

    private static readonly string[] ClockNames = ["time", "hour", "timestamp", "ts"];

    private readonly FileContent _content;
    private readonly int _start;
    private readonly int _linesBefore;
    private readonly string _delimiter;
    private readonly CsvColumn[] _columns;
    private readonly CsvColumn? _node;
    private readonly CsvColumn? _interval;

    /// <summary>Reads the header, or what takes its place, and the first row, which tells whether date and time are two columns.</summary>
    /// <exception cref="SourceException">The file is no CSV file, its columns have no names and no known shape, none is the time, or two
    /// have one name.</exception>
    public CsvLayout(FileContent content, FileReading reading)
    {
        (_content, Culture) = (content, reading.Culture);
        (_start, string firstLine, int skipped) = CsvFile.Begin(content);
        _delimiter = reading.Delimiter?.ToString()
            ?? Delimiters.MaxBy(delimiter => firstLine.Count(character => character == delimiter)).ToString();
        IReadOnlyList<string> names = ReadNames(reading, skipped, out _linesBefore);
        IsExported = _delimiter == "," && FileColumns.AreExported(firstLine.Split(','));
        _columns = [.. names.Select(
            (name, index) => new CsvColumn(name, index, IsExported ? name : FileColumns.NameOf(name, names), IsExported, firstLine))];
        using CsvParser parser = OpenAtHeader();
        string[]? first = parser.Read() && parser.Count == _columns.Length ? parser.Record : null;
        try
        {
            Time = _columns[FileColumns.FindTime(names, index => first?[index])];
            if (!IsExported && Find("date") is { } date && FindClock(date, first) is { } clock)
            {
                (Time, Clock) = (date, clock);
            }
            else if (Time.IsNamed("time")
                && first?[Time.Index].Trim() is ['0', ..] and { Length: 4 or 6 } text
                && CsvClock.IsTimeOfDay(text, isHour: false))
            {
                throw new SourceException(
                    $"{content.Path}: '{text}' in {Time} is a time of day, and no column has the date. Name that one date.");
            }

            _node = FileColumns.FindNode(names) is >= 0 and var node ? _columns[node] : null;
            _interval = FileColumns.FindInterval(names) is >= 0 and var interval ? _columns[interval] : null;
            Streams = new FileStreams(_node is not null, _interval is not null);
            Payload = [.. _columns.Except([Time, Clock, _node]).OfType<CsvColumn>().Where(column => FileColumns.IsPayload(column.Name))];
            FileColumns.RequireUsable(Payload.Select(column => column.Evidence.Name));
        }
        catch (Exception error) when (error is ArgumentException or FormatException)
        {
            throw Refuse(error.Message);
        }

        CsvColumn[] amounts = [.. Payload.Where(column => ColumnNames.IsAmount(column.Evidence.Name))];
        Amounts = amounts.Length > 0 ? amounts : Payload;
    }

    /// <summary>Whether this library wrote the file, whose fields then are of the types that they show.</summary>
    public bool IsExported { get; }

    /// <summary>Whose rows the file has, as far as they were looked at.</summary>
    public FileStreams Streams { get; }

    /// <summary>How numbers and dates are written, where somebody said so.</summary>
    public CsvCulture? Culture { get; }

    /// <summary>Whether fields are separated by commas.</summary>
    public bool IsCommaSeparated => _delimiter == ",";

    /// <summary>How many fields each row must have.</summary>
    public int FieldCount => _columns.Length;

    /// <summary>The column with the bar's open, or with its date.</summary>
    public CsvColumn Time { get; }

    /// <summary>The column with the time of day, where the other holds only the date; null where one column has all.</summary>
    public CsvColumn? Clock { get; }

    /// <summary>All named columns that are neither time nor key.</summary>
    public IReadOnlyList<CsvColumn> Payload { get; }

    /// <summary>The columns whose numbers tell how numbers are written: the amounts, or all where there are none.</summary>
    public IReadOnlyList<CsvColumn> Amounts { get; }

    /// <summary>A parser that stands before the first row: at the header, where there is one.</summary>
    public CsvParser OpenAtHeader()
    {
        CsvParser parser = Open(0);
        for (int line = 0; line < _linesBefore && parser.Read(); line++)
        {
        }

        return parser;
    }

    /// <summary>A parser that begins so many bytes after the beginning of the text.</summary>
    public CsvParser Open(long offset) => CsvFile.Open(_content, _start + offset, _delimiter);

    /// <summary>The node that the row at which the parser stands belongs to; empty where no column says so.</summary>
    public string NodeOf(CsvParser parser) => _node is null ? string.Empty : CsvFile.Decode(parser[_node.Index]);

    /// <summary>The interval that the row at which the parser stands names; empty where no column says so.</summary>
    public string IntervalOf(CsvParser parser) => _interval is null ? string.Empty : parser[_interval.Index];

    private SourceException Refuse(string reason) => new($"{_content.Path}, line 1: {reason}");

    // <OPEN>, as some charting programs write it, is open to all others.
    private static string NameOf(string field)
    {
        string name = CsvFile.Decode(field).Trim();
        return name is ['<', .. var inner, '>'] ? inner : name;
    }

    private CsvColumn? FindClock(CsvColumn date, string[]? first) => ClockNames.Select(name => Find(name)).FirstOrDefault(clock =>
        clock is not null && clock != date && (first is null || CsvClock.IsTimeOfDay(first[clock.Index], clock.IsNamed("hour"))));

    private CsvColumn? Find(string name) => Array.Find(_columns, column => column.IsNamed(name));

    private IReadOnlyList<string> ReadNames(FileReading reading, int skipped, out int linesBefore)
    {
        using CsvParser parser = Open(0);
        bool hasLine = true;
        for (int line = 0; line <= skipped; line++)
        {
            hasLine = parser.Read();
        }

        string[] first = hasLine
            ? [.. parser.Record!.Select(NameOf)]
            : throw Refuse("it holds an address and no bars. Get the file that is there, and name that one.");
        if (reading.Header is { } header)
        {
            linesBefore = skipped;
            return header.Count == first.Length ? header : throw Refuse(
                $"the header that was given has {header.Count} names, and the line {first.Length} fields. Name all, in their order.");
        }

        linesBefore = skipped + 1;
        if (!first.All(static name => name is "" or ['-' or (>= '0' and <= '9'), ..]))
        {
            return first;
        }

        linesBefore = skipped;
        List<string[]> rows = [first];
        while (rows.Count < FileColumns.RowsOfShape && parser.Read())
        {
            rows.Add(parser.Record!);
        }

        return FileColumns.NamesByShape(rows) ?? throw Refuse(
            "there is no header, and the columns are not the usual ones in the usual order. Give their names (-Header or --header, for "
                + "example ts,open,high,low,close,volume), or write them as the first line.");
    }
}
