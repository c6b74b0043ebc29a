using Npgsql;
using Qmtl.Data;

namespace Qmtl.History.Relational.PostgreSql;

/// <summary>Collects the values of one payload column, without making objects of them.</summary>
internal abstract class PostgreSqlColumnReader
{
    /// <summary>A reader of at most <paramref name="capacity"/> values of the column at <paramref name="ordinal"/>.</summary>
    public static PostgreSqlColumnReader Create(StoredColumn column, int ordinal, int capacity) =>
        ColumnType.Of(column.Type.ReadAs()).Accept(new Maker(column.Name, ordinal, capacity));

    /// <summary>Takes the value of the reader's current row as the next.</summary>
    public abstract void Read(NpgsqlDataReader reader);

    /// <summary>The column of the values so far.</summary>
    public abstract BarColumn Build();

    private sealed class Typed<T>(ColumnBuilder<T> values, int ordinal) : PostgreSqlColumnReader
    {
        public override void Read(NpgsqlDataReader reader)
        {
            if (reader.IsDBNull(ordinal))
            {
                values.AddNull();
            }
            else
            {
                values.Add(reader.GetFieldValue<T>(ordinal));
            }
        }

        public override BarColumn Build() => values.Build();
    }

    private sealed class Maker(string name, int ordinal, int capacity) : IColumnTypeVisitor<PostgreSqlColumnReader>
    {
        public PostgreSqlColumnReader Visit<T>(ColumnType<T> type) => new Typed<T>(new ColumnBuilder<T>(name, capacity), ordinal);
    }
}
