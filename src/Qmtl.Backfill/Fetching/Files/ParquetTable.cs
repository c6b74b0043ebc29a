using Parquet;
using Parquet.Schema;
using Qmtl.Data;
using Qmtl.Messages;

namespace Qmtl.Fetching.Files;

/// <summary>A Parquet file, by Parquet.Net. Of nested columns and those of plain bytes, which no bar has, nothing is read.</summary>
internal sealed class ParquetTable : ITable
{
    /// <summary>The key in a file's own metadata by which this library knows what it has exported.</summary>
    public const string ExportMark = "qmtl";

    private readonly FileContent _content;
    private readonly string[] _fields;

    private ParquetTable(
        FileContent content, DataField[] fields, bool isExported, IReadOnlyList<string> unread, IReadOnlyList<long> groups)
    {
        _content = content;
        _fields = [.. fields.Select(field => field.Name)];
        (Unread, Groups) = (unread, groups);
        Columns = [.. fields.Select(field => new TableColumn(
            field.Name,
            field.ClrType == typeof(DateTime) || field.ClrType == typeof(DateOnly),
            field is DateTimeDataField { IsAdjustedToUTC: true },
            field.ClrType == typeof(long) || field.ClrType == typeof(ulong),
            !isExported ? null : IsText(field.ClrType) ? BarColumnType.String : ColumnType.Of(field.ClrType)?.Type))];
    }

    /// <inheritdoc/>
    public IReadOnlyList<TableColumn> Columns { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> Unread { get; }

    /// <inheritdoc/>
    public IReadOnlyList<long> Groups { get; }

    /// <summary>Reads what a file says of itself.</summary>
    /// <exception cref="SourceException">It is damaged, or of a kind that cannot be read.</exception>
    public static ParquetTable Open(FileContent content) => Explain(content, async () =>
    {
        await using ParquetReader reader = await ParquetReader.CreateAsync(content.Open(), leaveStreamOpen: false);
        DataField[] fields = [.. reader.Schema.GetDataFields().Where(
            field => field.Path.Length == 1 && field.MaxRepetitionLevel == 0 && IsRead(field.ClrType))];
        string[] unread = [.. reader.Schema.Fields.Select(field => field.Name).Except(fields.Select(field => field.Name))];
        bool isExported = reader.CustomMetadata.ContainsKey(ExportMark);
        return new ParquetTable(content, fields, isExported, unread, [.. reader.RowGroups.Select(group => group.RowCount)]);
    });

    /// <inheritdoc/>
    public IReadOnlyList<BarColumn> Read(int group, IReadOnlyList<int> columns) => Explain(_content, async () =>
    {
        await using ParquetReader reader = await ParquetReader.CreateAsync(_content.Open(), leaveStreamOpen: false);
        using ParquetRowGroupReader rows = reader.OpenRowGroupReader(group);
        var read = new List<BarColumn>();
        foreach (int column in columns)
        {
            DataField field = reader.Schema.GetDataFields().First(field => field.Path.Length == 1 && field.Name == _fields[column]);
            read.Add(await ReadAsync(rows, field));
        }

        return (IReadOnlyList<BarColumn>)read;
    });

    // The library has text as memory, and as strings only where it is asked to.
    private static bool IsText(Type type) => type == typeof(string) || type == typeof(ReadOnlyMemory<char>);

    private static bool IsRead(Type type) =>
        IsText(type) || type == typeof(DateTime) || type == typeof(DateOnly) || type == typeof(decimal)
        || (type.IsPrimitive && type != typeof(char));

    // The library knows only how to wait, and a file does not keep anybody waiting; this is not called on a thread with a context.
    private static T Explain<T>(FileContent content, Func<Task<T>> read)
    {
        try
        {
            return Task.Run(read).GetAwaiter().GetResult();
        }
        catch (Exception error) when (error is not (SourceException or UnauthorizedAccessException or FileNotFoundException))
        {
            throw new SourceException(
                $"{content.Path} cannot be read as a Parquet file: it is damaged, cut short or of a kind that is not supported "
                    + $"({PlainText.OneLine(error.Message, 100).TrimEnd('.')}).",
                error);
        }
    }

    private static Task<BarColumn> ReadAsync(ParquetRowGroupReader rows, DataField field) => field.ClrType switch
    {
        var type when type == typeof(double) => ReadAsync<double, double>(rows, field, static value => value),
        var type when type == typeof(float) => ReadAsync<float, double>(rows, field, static value => value),
        var type when type == typeof(decimal) => ReadAsync<decimal, double>(rows, field, static value => (double)value),
        var type when type == typeof(long) => ReadAsync<long, long>(rows, field, static value => value),
        var type when type == typeof(ulong) => ReadAsync<ulong, long>(rows, field, static value => checked((long)value)),
        var type when type == typeof(int) => ReadAsync<int, long>(rows, field, static value => value),
        var type when type == typeof(uint) => ReadAsync<uint, long>(rows, field, static value => value),
        var type when type == typeof(short) => ReadAsync<short, long>(rows, field, static value => value),
        var type when type == typeof(ushort) => ReadAsync<ushort, long>(rows, field, static value => value),
        var type when type == typeof(sbyte) => ReadAsync<sbyte, long>(rows, field, static value => value),
        var type when type == typeof(byte) => ReadAsync<byte, long>(rows, field, static value => value),
        var type when type == typeof(bool) => ReadAsync<bool, bool>(rows, field, static value => value),
        var type when type == typeof(DateTime) => ReadAsync<DateTime, long>(
            rows, field, static value => (value - DateTime.UnixEpoch).Ticks),
        var type when type == typeof(DateOnly) => ReadAsync<DateOnly, long>(
            rows, field, static value => (value.ToDateTime(TimeOnly.MinValue) - DateTime.UnixEpoch).Ticks),
        _ => ReadTextsAsync(rows, field),
    };

    private static async Task<BarColumn> ReadTextsAsync(ParquetRowGroupReader rows, DataField field)
    {
        int count = checked((int)rows.RowCount);
        if (!field.IsNullable)
        {
            var whole = new ReadOnlyMemory<char>[count];
            await rows.ReadAsync(field, whole.AsMemory());
            return new BarColumn<string?>(field.Name, Array.ConvertAll(whole, static text => (string?)text.ToString()));
        }

        var texts = new ReadOnlyMemory<char>?[count];
        await rows.ReadAsync<ReadOnlyMemory<char>>(field, texts.AsMemory());
        return new BarColumn<string?>(field.Name, Array.ConvertAll(texts, static text => text?.ToString()));
    }

    private static async Task<BarColumn> ReadAsync<TFrom, TTo>(ParquetRowGroupReader rows, DataField field, Func<TFrom, TTo> convert)
        where TFrom : struct
        where TTo : struct
    {
        int count = checked((int)rows.RowCount);
        var builder = new ColumnBuilder<TTo>(field.Name, count);
        if (field.IsNullable)
        {
            var values = new TFrom?[count];
            await rows.ReadAsync(field, values.AsMemory());
            Array.ForEach(values, value => TableValue.Add(builder, value is { } known ? convert(known) : null));
        }
        else
        {
            var values = new TFrom[count];
            await rows.ReadAsync(field, values.AsMemory());
            Array.ForEach(values, value => TableValue.Add(builder, convert(value)));
        }

        return builder.Build();
    }
}

/// <summary>The one rule for the values of tables: what is not a number is none, as pandas and polars have it.</summary>
internal static class TableValue
{
    /// <summary>Adds a value, or a null for none.</summary>
    public static void Add<T>(ColumnBuilder<T> column, T? value)
        where T : struct
    {
        if (value is { } known && known is not double.NaN)
        {
            column.Add(known);
        }
        else
        {
            column.AddNull();
        }
    }
}
