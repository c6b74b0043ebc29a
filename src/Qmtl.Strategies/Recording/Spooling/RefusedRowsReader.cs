using System.Globalization;
using System.Text.Json;
using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.Recording.Spooling;

/// <summary>Reads what <see cref="RefusedRows"/> wrote. People may have corrected values and taken lines out.</summary>
internal static class RefusedRowsReader
{
    private const int MostRowsInFrame = 4096;

    /// <summary>The rows, in order.</summary>
    /// <exception cref="InvalidDataException">A line cannot be understood; the message names it.</exception>
    public static IEnumerable<(StreamKey Stream, BarFrame Rows)> Read(TextReader lines)
    {
        PendingRows? pending = null;
        int number = 0;
        while (lines.ReadLine() is { } line)
        {
            number++;
            if (line.Length == 0)
            {
                continue;
            }

            PendingRows next = At(number, () => Add(line, pending));
            if (pending is { Count: > 0 } && next != pending)
            {
                yield return At(number - 1, pending.Build);
            }

            pending = next;
        }

        if (pending is { Count: > 0 })
        {
            yield return At(number, pending.Build);
        }
    }

    // The rows that the line belongs to: those before it, or new ones.
    private static PendingRows Add(string line, PendingRows? pending)
    {
        using var document = JsonDocument.Parse(line);
        JsonElement fields = document.RootElement;
        if (fields.TryGetProperty(RefusedRows.ColumnsField, out JsonElement columns))
        {
            return new PendingRows(stream: null, [.. columns.EnumerateObject().Select(column => (column.Name, Enum.Parse<BarColumnType>(column.Value.GetString()!)))]);
        }

        if (pending is null)
        {
            throw new InvalidDataException($"a line with '{RefusedRows.ColumnsField}', which says of what types the columns are, has to come before it");
        }

        var stream = new StreamKey(fields.GetProperty(ColumnNames.NodeId).GetString()!, BarInterval.FromNumber(fields.GetProperty(ColumnNames.Interval).GetInt64()));
        PendingRows rows = pending.Count < MostRowsInFrame && (pending.Stream ?? stream) == stream ? pending : new PendingRows(stream, pending.Columns);
        rows.Add(stream, fields);
        return rows;
    }

    private static T At<T>(int line, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            throw new InvalidDataException(string.Create(CultureInfo.InvariantCulture, $"Line {line}: {error.Message.TrimEnd('.')}. Correct it, or take it out."), error);
        }
    }

    private sealed class PendingRows(StreamKey? stream, (string Name, BarColumnType Type)[] columns)
    {
        private readonly List<long> _timestamps = [];
        private readonly List<object?[]> _rows = [];

        public StreamKey? Stream { get; private set; } = stream;

        public (string Name, BarColumnType Type)[] Columns => columns;

        public int Count => _rows.Count;

        public void Add(StreamKey stream, JsonElement fields)
        {
            object?[] row = new object?[columns.Length];
            foreach (JsonProperty field in fields.EnumerateObject())
            {
                if (field.Name is ColumnNames.NodeId or ColumnNames.Interval or ColumnNames.Timestamp)
                {
                    continue;
                }

                int column = Array.FindIndex(columns, column => column.Name == field.Name);
                row[column >= 0 ? column : throw new InvalidDataException($"there is no column '{field.Name}' in the line that names them")] = ValueOf(field.Value, columns[column].Type);
            }

            long timestamp = fields.GetProperty(ColumnNames.Timestamp).GetInt64();
            Stream = stream;
            _timestamps.Add(timestamp);
            _rows.Add(row);
        }

        public (StreamKey Stream, BarFrame Rows) Build() => (Stream!.Value, new BarFrame(Stream.Value.Interval, _timestamps.ToArray(), [.. columns.Select(Column)]));

        private static object? ValueOf(JsonElement value, BarColumnType type) => (value.ValueKind, type) switch
        {
            (JsonValueKind.Null, _) => null,
            (JsonValueKind.String, BarColumnType.Double) => double.Parse(value.GetString()!, CultureInfo.InvariantCulture),
            (_, BarColumnType.Double) => value.GetDouble(),
            (_, BarColumnType.Long) => value.GetInt64(),
            (_, BarColumnType.Boolean) => value.GetBoolean(),
            _ => value.GetString(),
        };

        private BarColumn Column((string Name, BarColumnType Type) column, int index) => column.Type switch
        {
            BarColumnType.Double => Column<double>(column.Name, index),
            BarColumnType.Long => Column<long>(column.Name, index),
            BarColumnType.Boolean => Column<bool>(column.Name, index),
            _ => new BarColumn<string?>(column.Name, _rows.Select(row => (string?)row[index]).ToArray()),
        };

        private BarColumn<T> Column<T>(string name, int index)
            where T : struct => new(name, _rows.Select(row => row[index] as T? ?? default).ToArray(), _rows.Select(row => row[index] is null).ToArray());
    }
}
