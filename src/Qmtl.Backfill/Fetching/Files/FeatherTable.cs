using System.Globalization;
using Apache.Arrow;
using Apache.Arrow.Compression;
using Apache.Arrow.Ipc;
using Apache.Arrow.Memory;
using Apache.Arrow.Types;
using Qmtl.Data;
using Qmtl.Messages;

namespace Qmtl.Fetching.Files;

/// <summary>
/// A Feather file (Arrow's IPC format), by Apache Arrow; compressed by LZ4, Zstandard or not at all. Columns of types that no bar has are
/// not read.
/// </summary>
internal sealed class FeatherTable : ITable
{
    private readonly FileContent _content;
    private readonly int[] _fields;

    private FeatherTable(FileContent content, Schema schema, IReadOnlyList<long> groups)
    {
        _content = content;
        _fields = [.. Enumerable.Range(0, schema.FieldsList.Count).Where(index => IsRead(schema.FieldsList[index].DataType))];
        Unread = [.. schema.FieldsList.Where(field => !IsRead(field.DataType)).Select(field => field.Name)];
        Groups = groups;
        Columns = [.. _fields.Select(index => schema.FieldsList[index]).Select(static field => new TableColumn(
            field.Name,
            field.DataType is TimestampType or Date32Type or Date64Type,
            field.DataType is TimestampType { Timezone.Length: > 0 },
            field.DataType is Int64Type or UInt64Type))];
    }

    /// <inheritdoc/>
    public IReadOnlyList<TableColumn> Columns { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> Unread { get; }

    /// <inheritdoc/>
    public IReadOnlyList<long> Groups { get; }

    /// <summary>Reads what a file says of itself.</summary>
    /// <exception cref="SourceException">It is damaged, or of a kind that cannot be read.</exception>
    public static FeatherTable Open(FileContent content) => Explain(content, async reader =>
    {
        // How many rows a group has stands with the rows.
        var groups = new List<long>();
        int count = await reader.RecordBatchCountAsync();
        for (int group = 0; group < count; group++)
        {
            using RecordBatch rows = await reader.ReadRecordBatchAsync(group, CancellationToken.None);
            groups.Add(rows.Length);
        }

        return new FeatherTable(content, reader.Schema, groups);
    });

    /// <inheritdoc/>
    public IReadOnlyList<BarColumn> Read(int group, IReadOnlyList<int> columns) => Explain(_content, async reader =>
    {
        await reader.RecordBatchCountAsync();
        using RecordBatch rows = await reader.ReadRecordBatchAsync(group, CancellationToken.None);
        return (IReadOnlyList<BarColumn>)[.. columns.Select(column => Read(Columns[column].Name, rows.Column(_fields[column])))];
    });

    private static bool IsRead(IArrowType type) => type is TimestampType or Date32Type or Date64Type or BooleanType or StringType
        or LargeStringType or StringViewType or NumberType or Decimal32Type or Decimal64Type or Decimal128Type or Decimal256Type
        or DictionaryType { ValueType: StringType or LargeStringType } && type is not HalfFloatType;

    // The library knows only how to wait, and a file does not keep anybody waiting; this is not called on a thread with a context.
    private static T Explain<T>(FileContent content, Func<ArrowFileReader, Task<T>> read)
    {
        try
        {
            return Task.Run(async () =>
            {
                using var reader = new ArrowFileReader(
                    content.Open(), MemoryAllocator.Default.Value, new CompressionCodecFactory(), leaveOpen: false);
                return await read(reader);
            }).GetAwaiter().GetResult();
        }
        catch (Exception error) when (error is not (SourceException or UnauthorizedAccessException or FileNotFoundException))
        {
            throw new SourceException(
                $"{content.Path} cannot be read as a Feather (Arrow) file: it is damaged, cut short or of a kind that is not supported "
                    + $"({PlainText.OneLine(error.Message, 100).TrimEnd('.')}).",
                error);
        }
    }

    private static BarColumn Read(string name, IArrowArray array) => array switch
    {
        DoubleArray values => Collect<double>(name, values.Length, row => values.GetValue(row)),
        FloatArray values => Collect<double>(name, values.Length, row => values.GetValue(row)),
        Int64Array values => Collect(name, values.Length, row => values.GetValue(row)),
        UInt64Array values => Collect(name, values.Length, row => checked((long?)values.GetValue(row))),
        Int32Array values => Collect<long>(name, values.Length, row => values.GetValue(row)),
        UInt32Array values => Collect<long>(name, values.Length, row => values.GetValue(row)),
        Int16Array values => Collect<long>(name, values.Length, row => values.GetValue(row)),
        UInt16Array values => Collect<long>(name, values.Length, row => values.GetValue(row)),
        Int8Array values => Collect<long>(name, values.Length, row => values.GetValue(row)),
        UInt8Array values => Collect<long>(name, values.Length, row => values.GetValue(row)),
        Decimal32Array values => Collect(name, values.Length, row => NumberOf(values.GetString(row))),
        Decimal64Array values => Collect(name, values.Length, row => NumberOf(values.GetString(row))),
        Decimal128Array values => Collect(name, values.Length, row => NumberOf(values.GetString(row))),
        Decimal256Array values => Collect(name, values.Length, row => NumberOf(values.GetString(row))),
        BooleanArray values => Collect(name, values.Length, row => values.GetValue(row)),
        TimestampArray values when values.Data.DataType is TimestampType type => Collect(
            name, values.Length, row => TicksOf(values.GetValue(row), type.Unit)),
        Date32Array values => Collect<long>(name, values.Length, row => values.GetValue(row) * TimeSpan.TicksPerDay),
        Date64Array values => Collect(name, values.Length, row => values.GetValue(row) * TimeSpan.TicksPerMillisecond),
        StringArray values => Texts(name, values.Length, row => values.GetString(row)),
        LargeStringArray values => Texts(name, values.Length, row => values.GetString(row)),
        StringViewArray values => Texts(name, values.Length, row => values.GetString(row)),
        DictionaryArray values => Texts(name, values.Length, row => TextOf(values, row)),
        _ => throw new NotSupportedException($"{name} is of the type {array.Data.DataType.Name}"),
    };

    private static long? TicksOf(long? value, TimeUnit unit) => unit switch
    {
        TimeUnit.Second => checked(value * TimeSpan.TicksPerSecond),
        TimeUnit.Millisecond => checked(value * TimeSpan.TicksPerMillisecond),
        TimeUnit.Microsecond => checked(value * TimeSpan.TicksPerMicrosecond),

        // Rounded down, also before 1970.
        _ => value is { } nanoseconds ? (nanoseconds - (((nanoseconds % 100) + 100) % 100)) / 100 : null,
    };

    // As text a decimal has all its digits, also where they are more than .NET's own type holds.
    private static double? NumberOf(string? digits) => digits is null ? null : double.Parse(digits, CultureInfo.InvariantCulture);

    private static string? TextOf(DictionaryArray values, int row)
    {
        long? key = values.Indices switch
        {
            Int8Array keys => keys.GetValue(row),
            Int16Array keys => keys.GetValue(row),
            Int32Array keys => keys.GetValue(row),
            Int64Array keys => keys.GetValue(row),
            UInt8Array keys => keys.GetValue(row),
            UInt16Array keys => keys.GetValue(row),
            UInt32Array keys => keys.GetValue(row),
            _ => null,
        };
        return key is not { } index ? null
            : values.Dictionary is LargeStringArray large ? large.GetString((int)index)
            : ((StringArray)values.Dictionary).GetString((int)index);
    }

    private static BarColumn<T> Collect<T>(string name, int rows, Func<int, T?> value)
        where T : struct
    {
        var builder = new ColumnBuilder<T>(name, rows);
        for (int row = 0; row < rows; row++)
        {
            TableValue.Add(builder, value(row));
        }

        return builder.Build();
    }

    private static BarColumn<string?> Texts(string name, int rows, Func<int, string?> text) =>
        new(name, Enumerable.Range(0, rows).Select(text).ToArray());
}
