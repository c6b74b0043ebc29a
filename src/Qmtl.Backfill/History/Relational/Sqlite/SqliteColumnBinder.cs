using System.Text;
using Qmtl.Data;
using SQLitePCL;

namespace Qmtl.History.Relational.Sqlite;

/// <summary>Hands the values of one payload column to a statement's parameters, row by row, without making objects of them.</summary>
internal abstract class SqliteColumnBinder
{
    public static SqliteColumnBinder Create(BarColumn column) => column switch
    {
        BarColumn<double> doubles => new DoubleBinder(doubles),
        BarColumn<long> longs => new LongBinder(longs),
        BarColumn<bool> flags => new BooleanBinder(flags),
        _ => new TextBinder(column),
    };

    /// <summary>Sets <paramref name="parameter"/> (from 1) to the value at <paramref name="row"/>.</summary>
    public abstract void Bind(sqlite3_stmt statement, int parameter, int row);

    private sealed class DoubleBinder(BarColumn<double> column) : SqliteColumnBinder
    {
        private readonly ArraySegment<double> _values = column.Segment;
        private readonly bool _hasNulls = column.HasNulls;

        public override void Bind(sqlite3_stmt statement, int parameter, int row)
        {
            // SQLite turns a NaN into NULL by itself.
            _ = _hasNulls && column.IsNull(row)
                ? raw.sqlite3_bind_null(statement, parameter)
                : raw.sqlite3_bind_double(statement, parameter, _values[row]);
        }
    }

    private sealed class LongBinder(BarColumn<long> column) : SqliteColumnBinder
    {
        private readonly ArraySegment<long> _values = column.Segment;
        private readonly bool _hasNulls = column.HasNulls;

        public override void Bind(sqlite3_stmt statement, int parameter, int row)
        {
            _ = _hasNulls && column.IsNull(row)
                ? raw.sqlite3_bind_null(statement, parameter)
                : raw.sqlite3_bind_int64(statement, parameter, _values[row]);
        }
    }

    private sealed class BooleanBinder(BarColumn<bool> column) : SqliteColumnBinder
    {
        public override void Bind(sqlite3_stmt statement, int parameter, int row)
        {
            _ = column.IsNull(row)
                ? raw.sqlite3_bind_null(statement, parameter)
                : raw.sqlite3_bind_int(statement, parameter, column.Values.Span[row] ? 1 : 0);
        }
    }

    private sealed class TextBinder(BarColumn column) : SqliteColumnBinder
    {
        private byte[] _utf8 = new byte[256];

        public override void Bind(sqlite3_stmt statement, int parameter, int row)
        {
            if (column.GetText(row) is not { } text)
            {
                _ = raw.sqlite3_bind_null(statement, parameter);
                return;
            }

            int needed = Encoding.UTF8.GetMaxByteCount(text.Length);
            if (_utf8.Length < needed)
            {
                _utf8 = new byte[needed];
            }

            _ = raw.sqlite3_bind_text(statement, parameter, _utf8.AsSpan(0, Encoding.UTF8.GetBytes(text, _utf8)));
        }
    }
}
