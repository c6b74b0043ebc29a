using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using CsvHelper;
using CsvHelper.Configuration;
using Parquet;
using Parquet.Schema;
using Qmtl.Data;
using Qmtl.Fetching.Files;
using Qmtl.Messages;
using Qmtl.Time;

namespace Qmtl.Exporting;

/// <summary>
/// A file of bars that is being written: <c>node_id</c>, <c>interval</c>, unless its folder says them, <c>ts</c>, and the payload.
/// Frames of several streams follow one another.
/// </summary>
/// <param name="columns">The payload's columns.</param>
/// <param name="hasKeys">Whether rows name their stream.</param>
internal abstract class BarFile(IReadOnlyList<ExportColumn> columns, bool hasKeys) : IAsyncDisposable
{
    protected IReadOnlyList<ExportColumn> Columns => columns;

    protected bool HasKeys => hasKeys;

    /// <summary>A file of the format.</summary>
    public static async Task<BarFile> CreateAsync(
        BarFileFormat format,
        Stream output,
        IReadOnlyList<ExportColumn> columns,
        bool hasKeys,
        CancellationToken cancellationToken) => format switch
        {
            BarFileFormat.Parquet => await ParquetBarFile.CreateAsync(output, columns, hasKeys, cancellationToken),
            BarFileFormat.Csv => new CsvBarFile(output, columns, hasKeys),
            _ => new JsonBarFile(output, columns, hasKeys),
        };

    /// <summary>Writes bars of one stream.</summary>
    public abstract Task WriteAsync(StreamKey stream, BarFrame frame, CancellationToken cancellationToken);

    /// <summary>Writes what is left.</summary>
    public abstract Task CompleteAsync(CancellationToken cancellationToken);

    public abstract ValueTask DisposeAsync();

    /// <summary>A number that reads back as what it is: only whole ones of 64 bits have neither point nor exponent.</summary>
    protected static string TextOf(double number)
    {
        string text = number.ToString("R", CultureInfo.InvariantCulture);
        return double.IsFinite(number) && text.AsSpan().IndexOfAny('.', 'E') < 0 ? text + ".0" : text;
    }

    /// <summary>The columns of the file as the frame has them; null where it lacks one. Another type than before is refused.</summary>
    protected BarColumn?[] Find(StreamKey stream, BarFrame frame)
    {
        BarColumn?[] found = [.. columns.Select(column => frame.FindColumn(column.Name))];
        for (int i = 0; i < found.Length; i++)
        {
            if (found[i] is { } column && column.Type != columns[i].Type)
            {
                if (column.IsAllNull)
                {
                    found[i] = null;
                    continue;
                }

                throw new ArgumentException(
                    $"The column {column.Name} holds {ColumnType.Of(column.Type).Words.Many} in {stream} and "
                        + $"{ColumnType.Of(columns[i].Type).Words.Many} "
                        + $"before, and a column of a file has one type. Export such streams, or parts of a stream, to files of their "
                        + "own.");
            }
        }

        return found;
    }

    // Text in quotes and everything else without, so that an empty text is no null, and a text of digits no number.
    private sealed class CsvBarFile : BarFile
    {
        private readonly CsvWriter _csv;

        public CsvBarFile(Stream output, IReadOnlyList<ExportColumn> columns, bool hasKeys)
            : base(columns, hasKeys)
        {
            _csv = new CsvWriter(
                new StreamWriter(output, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), 64 * 1024, leaveOpen: true),
                new CsvConfiguration(CultureInfo.InvariantCulture) { NewLine = "\n" });
            string[] keys = hasKeys ? [ColumnNames.NodeId, ColumnNames.Interval] : [];
            foreach (string name in keys.Append(ColumnNames.Timestamp))
            {
                _csv.WriteField(name, shouldQuote: false);
            }

            foreach (ExportColumn column in columns)
            {
                // Quotes mark text, when the file is read again; a line break would hide those of the columns after it.
                bool isMarked = column.Name.AsSpan().IndexOfAny(",\"\r\n") >= 0;
                if ((isMarked && column.Type != BarColumnType.String) || column.Name.AsSpan().IndexOfAny("\r\n") >= 0)
                {
                    throw new ArgumentException(
                        $"The column '{PlainText.OneLine(column.Name, 60)}' has a comma, a quote or a line break in its name, and "
                            + "could not be read again as it was. Export to .parquet or .jsonl.");
                }

                _csv.WriteField(column.Name, column.Type == BarColumnType.String);
            }

            _csv.NextRecord();
        }

        public override async Task WriteAsync(StreamKey stream, BarFrame frame, CancellationToken cancellationToken)
        {
            BarColumn?[] columns = Find(stream, frame);
            string interval = stream.Interval.ToString();
            for (int row = 0; row < frame.Count; row++)
            {
                if (HasKeys)
                {
                    _csv.WriteField(stream.NodeId);
                    _csv.WriteField(interval);
                }

                _csv.WriteField(UnixTime.Format(frame.Timestamps[row]), shouldQuote: false);
                foreach (BarColumn? column in columns)
                {
                    bool isNull = column is null || column.IsNull(row);
                    string? text = isNull ? null
                        : column is BarColumn<double> numbers ? TextOf(numbers.Values.Span[row])
                        : column!.GetText(row);
                    _csv.WriteField(text, shouldQuote: !isNull && column is BarColumn<string?>);
                }

                _csv.NextRecord();
            }

            await _csv.FlushAsync();
            cancellationToken.ThrowIfCancellationRequested();
        }

        public override Task CompleteAsync(CancellationToken cancellationToken) => _csv.FlushAsync();

        public override ValueTask DisposeAsync() => _csv.DisposeAsync();
    }

    private sealed class JsonBarFile(Stream output, IReadOnlyList<ExportColumn> columns, bool hasKeys) : BarFile(columns, hasKeys)
    {
        private readonly Utf8JsonWriter _writer = new(
            output, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true });

        public override async Task WriteAsync(StreamKey stream, BarFrame frame, CancellationToken cancellationToken)
        {
            BarColumn?[] columns = Find(stream, frame);
            string interval = stream.Interval.ToString();
            for (int row = 0; row < frame.Count; row++)
            {
                _writer.WriteStartObject();
                if (HasKeys)
                {
                    _writer.WriteString(ColumnNames.NodeId, stream.NodeId);
                    _writer.WriteString(ColumnNames.Interval, interval);
                }

                _writer.WriteString(ColumnNames.Timestamp, UnixTime.Format(frame.Timestamps[row]));
                for (int i = 0; i < columns.Length; i++)
                {
                    _writer.WritePropertyName(Columns[i].Name);
                    Write(columns[i], row);
                }

                _writer.WriteEndObject();
                _writer.Flush();
                _writer.Reset();
                output.WriteByte((byte)'\n');
            }

            await output.FlushAsync(cancellationToken);
        }

        public override Task CompleteAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public override ValueTask DisposeAsync() => _writer.DisposeAsync();

        private void Write(BarColumn? column, int row)
        {
            switch (column)
            {
                case null:
                case var _ when column.IsNull(row):
                // JSON has no word for what is no number; another program may have stored one.
                case BarColumn<double> infinite when !double.IsFinite(infinite.Values.Span[row]):
                    _writer.WriteNullValue();
                    break;
                case BarColumn<double> numbers:
                    _writer.WriteRawValue(TextOf(numbers.Values.Span[row]), skipInputValidation: true);
                    break;
                case BarColumn<string?> texts:
                    _writer.WriteStringValue(texts.Values.Span[row]);
                    break;
                default:
                    _writer.WriteRawValue(column.GetText(row)!, skipInputValidation: true);
                    break;
            }
        }
    }

    // Groups of rows are what is held in memory, here and by whoever reads the file.
    private sealed class ParquetBarFile : BarFile
    {
        private const int RowsInGroup = 100_000;

        private readonly ParquetWriter _writer;
        private readonly DataField[] _fields;
        private readonly List<string> _nodes = [];
        private readonly List<string> _intervals = [];
        private readonly List<DateTime?> _times = [];
        private ColumnBuilder[] _builders;

        private ParquetBarFile(ParquetWriter writer, DataField[] fields, IReadOnlyList<ExportColumn> columns, bool hasKeys)
            : base(columns, hasKeys)
        {
            (_writer, _fields) = (writer, fields);
            _builders = NewBuilders();
        }

        public static async Task<ParquetBarFile> CreateAsync(
            Stream output, IReadOnlyList<ExportColumn> columns, bool hasKeys, CancellationToken cancellationToken)
        {
            DataField[] fields =
            [
                .. hasKeys ? (DataField[])[new DataField<string>(ColumnNames.NodeId), new DataField<string>(ColumnNames.Interval)] : [],
                new DateTimeDataField(
                    ColumnNames.Timestamp, DateTimeFormat.Timestamp, isAdjustedToUTC: true, DateTimeTimeUnit.Micros, isNullable: true),
                .. columns.Select(static column => new DataField(column.Name, ColumnType.Of(column.Type).ElementType, isNullable: true)),
            ];
            ParquetWriter writer = await ParquetWriter.CreateAsync(
                new ParquetSchema(fields),
                output,
                new ParquetOptions { CompressionMethod = CompressionMethod.Zstd, CompressionLevel = CompressionLevel.Optimal },
                cancellationToken: cancellationToken);
            writer.CustomMetadata = new Dictionary<string, string> { [ParquetTable.ExportMark] = "1" };
            return new ParquetBarFile(writer, fields, columns, hasKeys);
        }

        public override async Task WriteAsync(StreamKey stream, BarFrame frame, CancellationToken cancellationToken)
        {
            BarColumn?[] columns = Find(stream, frame);
            string interval = stream.Interval.ToString();
            for (int row = 0; row < frame.Count; row++)
            {
                if (HasKeys)
                {
                    _nodes.Add(stream.NodeId);
                    _intervals.Add(interval);
                }

                _times.Add(UnixTime.FromSeconds(frame.Timestamps[row]).UtcDateTime);
                for (int i = 0; i < columns.Length; i++)
                {
                    if (columns[i] is { } column)
                    {
                        _builders[i].Add(column, row);
                    }
                    else
                    {
                        _builders[i].AddNull();
                    }
                }
            }

            if (_times.Count >= RowsInGroup)
            {
                await WriteGroupAsync(cancellationToken);
            }
        }

        public override async Task CompleteAsync(CancellationToken cancellationToken)
        {
            if (_times.Count > 0)
            {
                await WriteGroupAsync(cancellationToken);
            }
        }

        public override ValueTask DisposeAsync() => _writer.DisposeAsync();

        private ColumnBuilder[] NewBuilders() => [.. Columns.Select(static column => ColumnBuilder.Create(column.Name, column.Type))];

        private async Task WriteGroupAsync(CancellationToken cancellationToken)
        {
            using ParquetRowGroupWriter group = _writer.CreateRowGroup();
            int field = 0;
            if (HasKeys)
            {
                await group.WriteAsync(_fields[field++], _nodes);
                await group.WriteAsync(_fields[field++], _intervals);
            }

            await group.WriteAsync<DateTime>(_fields[field++], _times.ToArray().AsMemory(), cancellationToken: cancellationToken);
            foreach (ColumnBuilder builder in _builders)
            {
                await WriteAsync(group, _fields[field++], builder.Build(), cancellationToken);
            }

            group.CompleteValidate();
            _nodes.Clear();
            _intervals.Clear();
            _times.Clear();
            _builders = NewBuilders();
        }

        private static Task WriteAsync(
            ParquetRowGroupWriter group, DataField field, BarColumn column, CancellationToken cancellationToken) => column switch
            {
                BarColumn<double> numbers => WriteAsync(group, field, numbers, cancellationToken),
                BarColumn<long> numbers => WriteAsync(group, field, numbers, cancellationToken),
                BarColumn<bool> flags => WriteAsync(group, field, flags, cancellationToken),
                _ => group.WriteAsync(field, (IReadOnlyCollection<string>)((BarColumn<string?>)column).Values.ToArray()!),
            };

        private static async Task WriteAsync<T>(
            ParquetRowGroupWriter group, DataField field, BarColumn<T> column, CancellationToken cancellationToken)
            where T : struct
        {
            var values = new T?[column.Length];
            for (int row = 0; row < values.Length; row++)
            {
                values[row] = column.IsNull(row) ? null : column.Values.Span[row];
            }

            await group.WriteAsync<T>(field, values.AsMemory(), cancellationToken: cancellationToken);
        }
    }
}

/// <summary>A payload column of a file.</summary>
internal sealed record ExportColumn(string Name, BarColumnType Type);
