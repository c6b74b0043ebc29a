using Npgsql;
using NpgsqlTypes;
using Qmtl.Data;

namespace Qmtl.History.Relational.PostgreSql;

/// <summary>Hands the values of one payload column to Npgsql's importer, without making objects of them.</summary>
internal abstract class PostgreSqlColumnWriter
{
    /// <summary>A writer of the column's values as values of the database's column, which keeps them all.</summary>
    public static PostgreSqlColumnWriter Create(BarColumn column, StoredColumn stored) => (column, stored.Type) switch
    {
        (_, StoredType.Text) => new Texts(column),

        // A NaN is no value: SQLite and QuestDB keep it as null, and so does every store.
        (BarColumn<double> numbers, StoredType.Single) => new Fractions<float>(numbers, NpgsqlDbType.Real, static value => (float)value),
        (BarColumn<double> numbers, _) => new Fractions<double>(numbers, NpgsqlDbType.Double, static value => value),
        (BarColumn<long> numbers, StoredType.Int16) =>
            new Converted<long, short>(numbers, NpgsqlDbType.Smallint, static value => (short)value),
        (BarColumn<long> numbers, StoredType.Int32) => new Converted<long, int>(numbers, NpgsqlDbType.Integer, static value => (int)value),
        (BarColumn<long> numbers, _) => new Converted<long, long>(numbers, NpgsqlDbType.Bigint, static value => value),
        (BarColumn<bool> flags, _) => new Converted<bool, bool>(flags, NpgsqlDbType.Boolean, static value => value),
        _ => ColumnType.Of(column.Type).Accept(new Maker(column, stored.TypeName)),
    };

    /// <summary>A writer of one text for every row.</summary>
    public static PostgreSqlColumnWriter Same(string value, StoredColumn column) =>
        new Repeated(Create(new BarColumn<string>(column.Name, new[] { value }), column));

    /// <summary>A writer of one whole number for every row.</summary>
    public static PostgreSqlColumnWriter Same(long value, StoredColumn column) =>
        new Repeated(Create(new BarColumn<long>(column.Name, new[] { value }), column));

    /// <summary>Writes the value of <paramref name="row"/> as the current row's next.</summary>
    public abstract Task WriteAsync(NpgsqlBinaryImporter importer, int row, CancellationToken cancellationToken);

    private class Converted<TFrom, TTo>(BarColumn<TFrom> column, NpgsqlDbType type, Func<TFrom, TTo> convert) : PostgreSqlColumnWriter
    {
        private readonly bool _hasNulls = column.HasNulls;
        private readonly ArraySegment<TFrom> _values = column.Segment;

        protected TFrom this[int row] => _values[row];

        public override Task WriteAsync(NpgsqlBinaryImporter importer, int row, CancellationToken cancellationToken) =>
            _hasNulls && column.IsNull(row)
                ? importer.WriteNullAsync(cancellationToken)
                : importer.WriteAsync(convert(_values[row]), type, cancellationToken);
    }

    private sealed class Fractions<TTo>(BarColumn<double> column, NpgsqlDbType type, Func<double, TTo> convert)
        : Converted<double, TTo>(column, type, convert)
    {
        public override Task WriteAsync(NpgsqlBinaryImporter importer, int row, CancellationToken cancellationToken) =>
            double.IsNaN(this[row]) ? importer.WriteNullAsync(cancellationToken) : base.WriteAsync(importer, row, cancellationToken);
    }

    // Whatever else a column holds, Npgsql knows how to write it as the server's type.
    private sealed class AsTheyAre<T>(BarColumn<T> column, string typeName) : PostgreSqlColumnWriter
    {
        public override Task WriteAsync(NpgsqlBinaryImporter importer, int row, CancellationToken cancellationToken) => column.IsNull(row)
            ? importer.WriteNullAsync(cancellationToken)
            : importer.WriteAsync(column.Values.Span[row], typeName, cancellationToken);
    }

    private sealed class Maker(BarColumn column, string typeName) : IColumnTypeVisitor<PostgreSqlColumnWriter>
    {
        public PostgreSqlColumnWriter Visit<T>(ColumnType<T> type) => new AsTheyAre<T>((BarColumn<T>)column, typeName);
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
