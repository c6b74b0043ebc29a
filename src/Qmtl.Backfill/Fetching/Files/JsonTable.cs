using System.Globalization;
using System.Text.Json;
using Qmtl.Data;
using Qmtl.Messages;

namespace Qmtl.Fetching.Files;

/// <summary>What is among the values of a column of JSON.</summary>
[Flags]
internal enum JsonKinds
{
    /// <summary>Texts.</summary>
    Text = 1,

    /// <summary>True or false.</summary>
    Truth = 2,

    /// <summary>Numbers.</summary>
    Number = 4,

    /// <summary>Numbers that are no whole ones of 64 bits.</summary>
    Fraction = 8,
}

/// <summary>
/// Bars of a JSON file: a list of lists, as freqtrade and exchanges write them, a list of objects, or an object a line. The columns of
/// lists are told by their shape, or by the header that was given. JSON has no place to begin in the middle, so the file is held in memory;
/// a larger one of an object a line is a <see cref="JsonLinesTable"/>.
/// </summary>
internal sealed class JsonTable : ITable
{
    private const long LargestFile = 256L << 20;
    private const int MostColumns = 1000;

    private readonly BarColumn[] _columns;

    private JsonTable(IReadOnlyList<string> names, IReadOnlyList<Values> columns)
    {
        Kinds = [.. columns.Select(static column => column.Kinds)];
        Columns = ColumnsOf(names, Kinds);
        Groups = [columns[0].Count];
        _columns = [.. columns.Select((column, i) => column.Build(names[i]))];
    }

    /// <inheritdoc/>
    public IReadOnlyList<TableColumn> Columns { get; }

    /// <summary>What was among the values of each column.</summary>
    public IReadOnlyList<JsonKinds> Kinds { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> Unread => [];

    /// <inheritdoc/>
    public IReadOnlyList<long> Groups { get; }

    /// <summary>Whether a file begins as JSON does.</summary>
    public static bool IsStart(byte[] beginning) => Text(beginning) is [(byte)'[' or (byte)'{', ..];

    /// <summary>Reads a file.</summary>
    /// <exception cref="SourceException">It is no JSON, not of bars, or too large.</exception>
    public static ITable Open(FileContent content, FileReading reading, CancellationToken cancellationToken)
    {
        using Stream stream = content.Open();
        return stream.Length <= LargestFile ? Read(stream, content, reading.Header, (0, 0), cancellationToken)
            : !IsList(content) ? JsonLinesTable.Open(content, reading.Header, JsonLinesTable.UsualPart, cancellationToken)
            : throw new SourceException(string.Create(
                CultureInfo.InvariantCulture,
                $"{content.Path} is a JSON list of {stream.Length >> 20} MiB, and of a list at most {LargestFile >> 20} MiB are read. "
                    + $"Write it as JSON lines (an object a line), CSV, Feather or Parquet, or in parts."));
    }

    /// <summary>The columns of a table with these names and values.</summary>
    public static IReadOnlyList<TableColumn> ColumnsOf(IReadOnlyList<string> names, IReadOnlyList<JsonKinds> kinds)
    {
        bool isExported = FileColumns.AreExported(names);
        return [.. names.Select((name, i) => new TableColumn(name, Declared: isExported ? TypeOf(kinds[i]) : null))];
    }

    /// <summary>Reads a file, or the part of it that a stream holds.</summary>
    /// <param name="stream">What to read.</param>
    /// <param name="content">The file.</param>
    /// <param name="header">The names of the columns of lists that were given.</param>
    /// <param name="before">The lines and rows of the file before the stream's.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="SourceException">It is no JSON, or not of bars.</exception>
    public static JsonTable Read(
        Stream stream,
        FileContent content,
        IReadOnlyList<string>? header,
        (long Lines, long Rows) before,
        CancellationToken cancellationToken)
    {
        try
        {
            return ReadRows(stream, content, header, before.Rows, cancellationToken);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // Text that is no UTF-8 is found only when it is taken, and then without its place.
            string line = error is JsonException { LineNumber: { } number }
                ? string.Create(CultureInfo.InvariantCulture, $", line {before.Lines + number + 1}")
                : string.Empty;
            throw new SourceException(
                $"{content.Path}{line}: it is no JSON of bars, or damaged or cut short ({PlainText.OneLine(Reason(error), 100)}).", error);
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<BarColumn> Read(int group, IReadOnlyList<int> columns) => [.. columns.Select(column => _columns[column])];

    private static JsonTable ReadRows(
        Stream stream, FileContent content, IReadOnlyList<string>? header, long before, CancellationToken cancellationToken)
    {
        bool isList = IsList(content);
        List<Values> columns = [];
        List<string> names = [];
        Dictionary<string, int> places = new(StringComparer.Ordinal);
        JsonValueKind kind = default;
        int rows = 0;
        foreach (JsonElement row in JsonSerializer
            .DeserializeAsyncEnumerable<JsonElement>(stream, topLevelValues: !isList, cancellationToken: cancellationToken)
            .ToBlockingEnumerable(cancellationToken))
        {
            rows++;
            kind = rows == 1 ? row.ValueKind : kind;
            RequireBounded(content, columns.Count, rows);
            if (row.ValueKind != kind || kind is not (JsonValueKind.Array or JsonValueKind.Object))
            {
                throw Refuse(content, before + rows, $"it is {Shown(row)}, and a bar is a list or an object, as all others");
            }

            if (kind == JsonValueKind.Object)
            {
                if (header is not null)
                {
                    throw new SourceException(
                        $"{content.Path} is JSON of objects, which name their fields. Leave the header out (-Header, --header).");
                }

                foreach (JsonProperty field in row.EnumerateObject())
                {
                    if (!places.TryGetValue(field.Name, out int place))
                    {
                        RequireBounded(content, columns.Count + 1, rows);
                        places.Add(field.Name, place = columns.Count);
                        names.Add(field.Name);
                        columns.Add(new Values());
                    }

                    columns[place].Set(rows - 1, field.Value);
                }

                continue;
            }

            if (rows == 1)
            {
                RequireBounded(content, row.GetArrayLength(), rows);
                columns.AddRange(Enumerable.Range(0, row.GetArrayLength()).Select(static _ => new Values()));
            }

            if (row.GetArrayLength() != columns.Count || columns.Count == 0)
            {
                throw Refuse(content, before + rows, $"it has {row.GetArrayLength()} values, and the first row {columns.Count}");
            }

            int index = 0;
            foreach (JsonElement value in row.EnumerateArray())
            {
                columns[index++].Set(rows - 1, value);
            }
        }

        if (rows == 0)
        {
            throw new SourceException($"{content.Path} is JSON without a bar.");
        }

        columns.ForEach(column => column.Fill(rows));
        return new JsonTable(kind == JsonValueKind.Object ? names : NamesOf(columns, rows, content, header), columns);
    }

    private static bool IsList(FileContent content) => Text(content.Begin()) is [(byte)'[', ..];

    // Whole numbers have neither point nor exponent.
    private static BarColumnType TypeOf(JsonKinds kinds) => kinds.HasFlag(JsonKinds.Text) ? BarColumnType.String
        : kinds.HasFlag(JsonKinds.Truth) ? BarColumnType.Boolean
        : kinds == JsonKinds.Number ? BarColumnType.Long
        : BarColumnType.Double;

    // A row may leave out fields, and every row then has all of them: a small file could take any memory.
    private static void RequireBounded(FileContent content, int columns, int rows)
    {
        if (columns > MostColumns || (long)columns * rows > TableIndex.MostCells)
        {
            throw new SourceException(string.Create(
                CultureInfo.InvariantCulture,
                $"{content.Path} has {columns} columns in the first {rows} rows, and at most {MostColumns} columns and "
                    + $"{TableIndex.MostCells} values are read of JSON. Write it with fewer columns, or in parts."));
        }
    }

    private static IReadOnlyList<string> NamesOf(List<Values> columns, int rows, FileContent content, IReadOnlyList<string>? header)
    {
        if (header is not null)
        {
            return header.Count == columns.Count ? header : throw new SourceException(
                $"{content.Path}: the header that was given has {header.Count} names, and its rows have {columns.Count} values. Name all, "
                    + "in their order.");
        }

        IEnumerable<string[]> first = Enumerable.Range(0, Math.Min(rows, FileColumns.RowsOfShape))
            .Select(row => columns.Select(column => column.TextOf(row)).ToArray());
        return FileColumns.NamesByShape([.. first])
            ?? throw new SourceException(
                $"{content.Path}: its rows have no names, and their values are not the usual ones in the usual order. Give their names "
                    + "(-Header or --header, for example ts,open,high,low,close,volume).");
    }

    // Without a byte order mark and blanks.
    private static ReadOnlySpan<byte> Text(ReadOnlySpan<byte> beginning) => beginning.TrimStart("\uFEFF \t\r\n"u8);

    private static SourceException Refuse(FileContent content, long row, string reason) =>
        new(string.Create(CultureInfo.InvariantCulture, $"{content.Path}, row {row}: {reason}."));

    private static string Shown(JsonElement value) => $"'{PlainText.OneLine(value.GetRawText(), SourceNote.LongestText)}'";

    private static string Reason(Exception error) => error.Message.Split(" Path: ", 2)[0].Split(" LineNumber: ", 2)[0].TrimEnd('.');

    // Numbers, as long as all are, and otherwise texts.
    private sealed class Values
    {
        private readonly List<double> _numbers = [];
        private List<string?>? _texts;

        public JsonKinds Kinds { get; private set; }

        public int Count => _texts?.Count ?? _numbers.Count;

        public void Set(int row, JsonElement value)
        {
            Fill(row);

            // A name that is there twice counts once.
            if (Count > row)
            {
                return;
            }

            bool isNull = value.ValueKind == JsonValueKind.Null;
            Kinds |= value.ValueKind switch
            {
                JsonValueKind.String => JsonKinds.Text,
                JsonValueKind.True or JsonValueKind.False => JsonKinds.Truth,
                JsonValueKind.Number => JsonKinds.Number | (value.TryGetInt64(out _) ? default : JsonKinds.Fraction),
                _ => default,
            };
            double number = double.NaN;
            bool isNumber = value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out number)
                && !(Math.Abs(number) >= ColumnType.LargestExactInDouble && value.TryGetInt64(out _));
            if (_texts is null && !isNumber && !isNull)
            {
                _texts = [.. _numbers.Select(TextOf)];
            }

            if (_texts is null)
            {
                _numbers.Add(number);
            }
            else
            {
                _texts.Add(isNull ? null : value.ValueKind == JsonValueKind.String ? value.GetString() : value.GetRawText());
            }
        }

        public void Fill(int rows)
        {
            while (Count < rows)
            {
                if (_texts is null)
                {
                    _numbers.Add(double.NaN);
                }
                else
                {
                    _texts.Add(null);
                }
            }
        }

        public string TextOf(int row) => (_texts is null ? TextOf(_numbers[row]) : _texts[row]) ?? string.Empty;

        public BarColumn Build(string name)
        {
            if (_texts is not null)
            {
                return new BarColumn<string?>(name, _texts.ToArray());
            }

            var builder = new ColumnBuilder<double>(name, _numbers.Count);
            _numbers.ForEach(number => TableValue.Add<double>(builder, number));
            return builder.Build();
        }

        private static string? TextOf(double number) => double.IsNaN(number) ? null : number.ToString("R", CultureInfo.InvariantCulture);
    }
}
