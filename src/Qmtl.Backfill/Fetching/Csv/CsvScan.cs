using CsvHelper;
using Qmtl.Time;

namespace Qmtl.Fetching.Csv;

/// <summary>Looks through a whole file once, row by row, and keeps where which times are and which type each column has.</summary>
internal sealed class CsvScan
{
    private const int RowsPerBlock = 4096;
    private const int MostProblems = 100;

    private readonly string _path;
    private readonly List<CsvBlock> _blocks = [];
    private readonly List<CsvProblem> _problems = [];
    private readonly Dictionary<string, TimeRange> _extents = new(StringComparer.Ordinal);
    private long? _first;
    private long? _last;

    private CsvScan(string path) => _path = path;

    /// <summary>Looks through the file at <paramref name="path"/>.</summary>
    /// <exception cref="SourceException">The file is no CSV file, has no header, no time column, or no row that can be read.</exception>
    public static CsvIndex Run(string path, CancellationToken cancellationToken)
    {
        var usual = new CsvTimeForm(default, ClockDigits.Seconds);
        var scan = new CsvScan(path);
        CsvTimeForm learnt = scan.Look(usual, cancellationToken);

        // What the times as a whole are is known only at the end of the file.
        if (learnt != usual)
        {
            scan = new CsvScan(path);
            scan.Look(learnt, cancellationToken);
        }

        return scan.ToIndex(learnt);
    }

    private CsvStamp Stamp { get; set; }

    private CsvLayout? Layout { get; set; }

    private CsvTimes? Times { get; set; }

    private CsvTimeForm Look(CsvTimeForm form, CancellationToken cancellationToken)
    {
        // Taken first: what is written from now on shows as a change.
        Stamp = CsvStamp.Of(_path);
        (long start, string delimiter) = LookAtBeginning();
        Layout = ReadLayout(start, delimiter);
        Times = new CsvTimes(Layout, form);
        using CsvParser parser = CsvText.Open(_path, start, delimiter);
        parser.Read();
        while (ScanBlock(parser, start))
        {
            cancellationToken.ThrowIfCancellationRequested();
        }

        return Times.Refusal is { } refusal ? throw new SourceException($"{_path}: {refusal}") : Times.Learnt;
    }

    private CsvLayout ReadLayout(long start, string delimiter)
    {
        using CsvParser parser = CsvText.Open(_path, start, delimiter);
        if (!parser.Read())
        {
            throw Empty();
        }

        string[] header = parser.Record!;
        return CsvLayout.Parse(_path, delimiter, header, parser.Read() ? parser.Record : null);
    }

    private CsvIndex ToIndex(CsvTimeForm form) => new()
    {
        Stamp = Stamp,
        Layout = Layout!,
        Blocks = _blocks,
        Extents = _extents,
        FirstTime = _first ?? throw NothingReadable(Layout!),
        TimeForm = form,
        TimestampFormat = Times!.Format,
        UnitNote = Times.UnitNote,
        AnyWithoutOffset = Times.AnyWithoutOffset,
        Problems = _problems,
    };

    private SourceException Empty() => new($"{_path} is empty. A CSV file has a line that names the columns and a line for each bar.");

    private SourceException NothingReadable(CsvLayout layout) => new(_problems.Count == 0
        ? $"{_path} has a header and no bars."
        : $"{_path}: no row can be read. Line {_problems[0].Line}: {_problems[0].Message} (column of times: {layout.TimeName}).");

    /// <summary>Where the text starts, in bytes, and what separates its fields.</summary>
    private (long Start, string Delimiter) LookAtBeginning()
    {
        using FileStream stream = CsvText.OpenFile(_path);
        Span<byte> beginning = new byte[CsvText.LongestField];
        beginning = beginning[..stream.ReadAtLeast(beginning, beginning.Length, throwOnEndOfStream: false)];
        if (FileKind.Recognise(beginning) is { } kind)
        {
            throw new SourceException($"{_path} is no CSV file: it is {kind}.");
        }

        if (beginning.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE]) || beginning.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF]))
        {
            throw new SourceException($"{_path} is UTF-16 text. Save it as UTF-8.");
        }

        int start = beginning.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]) ? 3 : 0;
        string text = System.Text.Encoding.Latin1.GetString(beginning[start..]).TrimStart('\r', '\n');
        if (string.IsNullOrWhiteSpace(text))
        {
            throw Empty();
        }

        int lineEnd = text.AsSpan().IndexOfAny('\r', '\n');
        return (start, CsvLayout.DetectDelimiter(lineEnd < 0 ? text : text[..lineEnd]));
    }

    private bool ScanBlock(CsvParser parser, long start)
    {
        CsvLayout layout = Layout!;
        long offset = start + parser.CharCount;
        long line = parser.RawRow;
        long? before = _last;
        TimeRange? times = null;
        int rows = 0;
        while (rows < RowsPerBlock && parser.Read())
        {
            rows++;
            if (Times!.Read(parser, out long timestamp, out _) is { } problem)
            {
                Note(parser.RawRow, problem);
                continue;
            }

            _first ??= timestamp;
            _last = timestamp;
            times = Widen(times, timestamp);
            string node = CsvRow.Node(parser, layout);
            _extents[node] = Widen(_extents.TryGetValue(node, out TimeRange extent) ? extent : null, timestamp);
            foreach (CsvColumn column in layout.Payload)
            {
                column.LookAt(parser[column.Index]);
            }
        }

        if (rows > 0)
        {
            _blocks.Add(new CsvBlock(offset, line, rows, times, before));
        }

        return rows == RowsPerBlock;
    }

    private void Note(long line, string problem)
    {
        if (_problems.Count < MostProblems)
        {
            _problems.Add(new CsvProblem(line, problem));
        }
    }

    private static TimeRange Widen(TimeRange? range, long timestamp) => range is { } known
        ? known.Contains(timestamp) ? known : new TimeRange(Math.Min(known.Start, timestamp), Math.Max(known.End, timestamp))
        : new TimeRange(timestamp, timestamp);
}
