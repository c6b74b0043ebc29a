using System.Globalization;
using Qmtl.Data;

namespace Qmtl.Fetching.Files;

/// <summary>
/// Bars of a file of JSON lines that is too large for memory: an object a line. It is looked through once for its columns, and then read in
/// parts, each when it is wanted.
/// </summary>
internal sealed class JsonLinesTable : ITable
{
    /// <summary>How many bytes a part has, about.</summary>
    public const int UsualPart = 16 << 20;

    private readonly FileContent _content;
    private readonly List<Part> _parts = [];
    private readonly List<string> _names = [];
    private readonly Dictionary<string, JsonKinds> _kinds = new(StringComparer.Ordinal);

    private JsonLinesTable(FileContent content, IReadOnlyList<string>? header, int partSize, CancellationToken cancellationToken)
    {
        _content = content;
        byte[] buffer = new byte[partSize];
        using Stream stream = content.Open();
        (long offset, long lines, long rows) = (0, 0, 0);
        while (offset < stream.Length)
        {
            int length = LinesIn(stream, offset, buffer);
            ReadOnlySpan<byte> bytes = buffer.AsSpan(0, length);
            if (bytes.ContainsAnyExcept(" \t\r\n"u8))
            {
                using var part = new MemoryStream(buffer, 0, length);
                JsonTable table = JsonTable.Read(part, content, header, (lines, rows), cancellationToken);
                Add(table);
                _parts.Add(new Part(offset, length, table.Groups[0], lines, rows));
                rows += table.Groups[0];
            }

            lines += bytes.Count((byte)'\n');
            offset += length;
        }

        Columns = JsonTable.ColumnsOf(_names, [.. _names.Select(name => _kinds[name])]);
    }

    /// <inheritdoc/>
    public IReadOnlyList<TableColumn> Columns { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> Unread => [];

    /// <inheritdoc/>
    public IReadOnlyList<long> Groups => [.. _parts.Select(static part => part.Rows)];

    /// <summary>Looks through a file.</summary>
    /// <param name="content">The file.</param>
    /// <param name="header">The names that were given, which objects do not need.</param>
    /// <param name="partSize">How many bytes a part has at most; a line has to fit into one.</param>
    /// <param name="cancellationToken">Ends the look.</param>
    /// <exception cref="SourceException">A line is no object of a bar, or too long.</exception>
    public static JsonLinesTable Open(
        FileContent content, IReadOnlyList<string>? header, int partSize, CancellationToken cancellationToken) =>
        new(content, header, partSize, cancellationToken);

    /// <inheritdoc/>
    public IReadOnlyList<BarColumn> Read(int group, IReadOnlyList<int> columns)
    {
        Part part = _parts[group];
        byte[] bytes = new byte[part.Length];
        using Stream stream = _content.Open();
        stream.Position = part.Offset;
        stream.ReadExactly(bytes);
        using var lines = new MemoryStream(bytes);
        JsonTable table = JsonTable.Read(lines, _content, header: null, (part.LinesBefore, part.RowsBefore), CancellationToken.None);
        Dictionary<string, int> places = table.Columns.Select((column, i) => (column.Name, i))
            .ToDictionary(static column => column.Name, static column => column.i, StringComparer.Ordinal);
        return [.. columns.Select(column => places.TryGetValue(_names[column], out int place)
            ? OfAllParts(table.Read(0, [place])[0])
            : OfAllParts(NoValues(_names[column], part.Rows)))];
    }

    private void Add(JsonTable part)
    {
        for (int i = 0; i < part.Columns.Count; i++)
        {
            string name = part.Columns[i].Name;
            if (!_kinds.TryGetValue(name, out JsonKinds kinds))
            {
                _names.Add(name);
            }

            _kinds[name] = kinds | part.Kinds[i];
        }
    }

    // All lines that end in the next bytes, and the last one of a file also where nothing ends it.
    private int LinesIn(Stream stream, long offset, byte[] buffer)
    {
        stream.Position = offset;
        int length = stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
        if (offset + length >= stream.Length)
        {
            return length;
        }

        int end = buffer.AsSpan(0, length).LastIndexOf((byte)'\n');
        return end >= 0 ? end + 1 : throw new SourceException(string.Create(
            CultureInfo.InvariantCulture,
            $"{_content.Path} has no line break in {length >> 20} MiB. Of a JSON file of this size every bar stands on a line of its "
                + $"own."));
    }

    private static BarColumn<double> NoValues(string name, long rows)
    {
        var column = new ColumnBuilder<double>(name, (int)rows);
        for (long row = 0; row < rows; row++)
        {
            column.AddNull();
        }

        return column.Build();
    }

    // A part of numbers alone is one of texts where other parts have some, as it is in a file that is read at once.
    private BarColumn OfAllParts(BarColumn column)
    {
        if (column is not BarColumn<double> || (_kinds[column.Name] & (JsonKinds.Text | JsonKinds.Truth)) == 0)
        {
            return column;
        }

        var texts = new ColumnBuilder<string?>(column.Name, column.Length);
        for (int row = 0; row < column.Length; row++)
        {
            texts.Add(column.IsNull(row) ? null : column.GetText(row));
        }

        return texts.Build();
    }

    private readonly record struct Part(long Offset, int Length, long Rows, long LinesBefore, long RowsBefore);
}
