using Npgsql;
using Qmtl.Data;

namespace Qmtl.History.Relational.PostgreSql;

/// <summary>Collects the values of one payload column, without making objects of them.</summary>
internal abstract class PostgreSqlColumnReader
{
    /// <summary>A reader of at most <paramref name="capacity"/> values of the column at <paramref name="ordinal"/>.</summary>
    public static PostgreSqlColumnReader Create(StoredColumn column, int ordinal, int capacity) => ColumnConversion.ColumnTypeFor(column.Type) switch
    {
        BarColumnType.Double => new Typed<double>(column.Name, ordinal, capacity),
        BarColumnType.Long => new Typed<long>(column.Name, ordinal, capacity),
        BarColumnType.Boolean => new Typed<bool>(column.Name, ordinal, capacity),
        _ => new Typed<string?>(column.Name, ordinal, capacity),
    };

    /// <summary>Takes the value of the reader's current row as the value at <paramref name="row"/>.</summary>
    public abstract void Read(NpgsqlDataReader reader, int row);

    /// <summary>The column of the first <paramref name="count"/> values.</summary>
    public abstract BarColumn Build(int count);

    private sealed class Typed<T>(string name, int ordinal, int capacity) : PostgreSqlColumnReader
    {
        private readonly T[] _values = new T[capacity];
        private bool[]? _nulls;

        public override void Read(NpgsqlDataReader reader, int row)
        {
            if (reader.IsDBNull(ordinal))
            {
                (_nulls ??= new bool[_values.Length])[row] = true;
            }
            else
            {
                _values[row] = reader.GetFieldValue<T>(ordinal);
            }
        }

        public override BarColumn Build(int count) =>
            new BarColumn<T>(name, _values.AsMemory(0, count), _nulls is null ? default : _nulls.AsMemory(0, count));
    }
}
