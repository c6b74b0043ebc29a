using Npgsql;
using NpgsqlTypes;
using Qmtl.Data;

namespace Qmtl.History.Relational.PostgreSql;

/// <summary>Hands the values of one payload column to Npgsql's importer, without making objects of them.</summary>
internal abstract class PostgreSqlColumnWriter
{
    /// <summary>A writer of the column's values as values of <paramref name="type"/>, which keeps them all.</summary>
    public static PostgreSqlColumnWriter Create(BarColumn column, StoredType type) => (column, type) switch
    {
        (_, StoredType.Text) => new Texts(column),

        // A NaN is no value: SQLite and QuestDB keep it as null, and so does every store.
        (BarColumn<double> numbers, StoredType.Single) => new Numbers<float>(numbers, static value => (float)value),
        (BarColumn<double> numbers, _) => new Numbers<double>(numbers, static value => value),
        (BarColumn<long> numbers, StoredType.Int16) => new Converted<long, short>(numbers, NpgsqlDbType.Smallint, static value => (short)value),
        (BarColumn<long> numbers, StoredType.Int32) => new Converted<long, int>(numbers, NpgsqlDbType.Integer, static value => (int)value),
        (BarColumn<long> numbers, _) => new Converted<long, long>(numbers, NpgsqlDbType.Bigint, static value => value),
        (BarColumn<bool> flags, _) => new Converted<bool, bool>(flags, NpgsqlDbType.Boolean, static value => value),
        _ => throw new ArgumentException($"A column of {column.Type} cannot be written as {type}.", nameof(column)),
    };

    /// <summary>A writer of one value for every row.</summary>
    public static PostgreSqlColumnWriter Same<T>(T value, StoredType type) => new Repeated(Create(new BarColumn<T>("key", new[] { value }), type));

    /// <summary>Writes the value of <paramref name="row"/> as the current row's next.</summary>
    public abstract Task WriteAsync(NpgsqlBinaryImporter importer, int row, CancellationToken cancellationToken);

    private class Converted<TFrom, TTo>(BarColumn<TFrom> column, NpgsqlDbType type, Func<TFrom, TTo> convert) : PostgreSqlColumnWriter
    {
        private readonly bool _hasNulls = column.HasNulls;

        protected TFrom this[int row] => column.Values.Span[row];

        public override Task WriteAsync(NpgsqlBinaryImporter importer, int row, CancellationToken cancellationToken) =>
            _hasNulls && column.IsNull(row)
                ? importer.WriteNullAsync(cancellationToken)
                : importer.WriteAsync(convert(column.Values.Span[row]), type, cancellationToken);
    }

    private sealed class Numbers<TTo>(BarColumn<double> column, Func<double, TTo> convert)
        : Converted<double, TTo>(column, typeof(TTo) == typeof(float) ? NpgsqlDbType.Real : NpgsqlDbType.Double, convert)
    {
        public override Task WriteAsync(NpgsqlBinaryImporter importer, int row, CancellationToken cancellationToken) =>
            double.IsNaN(this[row]) ? importer.WriteNullAsync(cancellationToken) : base.WriteAsync(importer, row, cancellationToken);
    }

    // Numbers go as text into columns of decimals: their shortest text that reads back, which is what a person would have written.
    private sealed class Texts(BarColumn column) : PostgreSqlColumnWriter
    {
        private readonly BarColumn<double>? _numbers = column as BarColumn<double>;

        public override Task WriteAsync(NpgsqlBinaryImporter importer, int row, CancellationToken cancellationToken) =>
            column.GetText(row) is { } text && !(_numbers is not null && double.IsNaN(_numbers.Values.Span[row]))
                ? importer.WriteAsync(text, NpgsqlDbType.Text, cancellationToken)
                : importer.WriteNullAsync(cancellationToken);
    }

    private sealed class Repeated(PostgreSqlColumnWriter one) : PostgreSqlColumnWriter
    {
        public override Task WriteAsync(NpgsqlBinaryImporter importer, int row, CancellationToken cancellationToken) =>
            one.WriteAsync(importer, 0, cancellationToken);
    }
}
