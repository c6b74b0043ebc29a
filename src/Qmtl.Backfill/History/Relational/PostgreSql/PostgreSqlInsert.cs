using System.Text;
using Npgsql;
using NpgsqlTypes;
using Qmtl.Data;

namespace Qmtl.History.Relational.PostgreSql;

/// <summary>A few bars of a stream as one statement with their values beside it: for writes of many streams in one round trip.</summary>
internal static class PostgreSqlInsert
{
    // From here on a COPY is the faster.
    private const int MostBars = 20;

    /// <summary>
    /// Whether the stream's bars can be written so: few, into a table with its key, and of types that a value says by itself.
    /// </summary>
    public static bool CanWrite(WrittenStream stream) =>
        stream.Table!.HasKey
        && stream.Table.Interval.Type != StoredType.Int16
        && stream.Frames.Sum(frame => frame.Timestamps.Length) <= MostBars
        && stream.Frames.All(frame => frame.Columns.All(column => IsPlain(column.Stored.Type)));

    /// <summary>The statement: a bar that is there is replaced in the columns given, or stays where bars are only added.</summary>
    public static NpgsqlBatchCommand Create(string tableSql, WrittenStream written, PlannedFrame frame)
    {
        (string key, StreamKey stream) = (written.Table!.KeySql, written.Stream);
        string[] names = [.. frame.Columns.Select(column => SqlText.Quote(column.Stored.Name))];
        var sql = new StringBuilder($"INSERT INTO {tableSql} ({string.Join(", ", [key, .. names])}) VALUES ");
        var command = new NpgsqlBatchCommand();
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = stream.NodeId });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = stream.Interval.Number });
        for (int row = 0; row < frame.Timestamps.Length; row++)
        {
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = frame.Timestamps.Span[row] });
            sql.Append(row == 0 ? "($1, $2, $" : ", ($1, $2, $").Append(command.Parameters.Count);
            foreach (PlannedColumn column in frame.Columns)
            {
                command.Parameters.Add(ParameterOf(column.Values, row));
                sql.Append(", $").Append(command.Parameters.Count);
            }

            sql.Append(')');
        }

        bool isKept = names.Length == 0 || written.OnlyAdds;
        sql.Append($" ON CONFLICT ({key}) DO ").Append(isKept ? "NOTHING" : "UPDATE SET ");
        sql.AppendJoin(", ", (isKept ? [] : names).Select(name => $"{name} = excluded.{name}"));
        command.CommandText = sql.ToString();
        return command;
    }

    private static bool IsPlain(StoredType type) => type is StoredType.Double or StoredType.Single or StoredType.Int64
        or StoredType.Int32 or StoredType.Int16 or StoredType.Boolean or StoredType.Text;

    private static NpgsqlParameter ParameterOf(BarColumn column, int row) => column switch
    {
        BarColumn<double> numbers when !numbers.IsNull(row) && !double.IsNaN(numbers.Values.Span[row]) =>
            new NpgsqlParameter<double> { TypedValue = numbers.Values.Span[row] },
        BarColumn<long> numbers when !numbers.IsNull(row) => new NpgsqlParameter<long> { TypedValue = numbers.Values.Span[row] },
        BarColumn<bool> flags when !flags.IsNull(row) => new NpgsqlParameter<bool> { TypedValue = flags.Values.Span[row] },
        BarColumn<double> => NullOf(NpgsqlDbType.Double),
        BarColumn<long> => NullOf(NpgsqlDbType.Bigint),
        BarColumn<bool> => NullOf(NpgsqlDbType.Boolean),
        _ => column.GetText(row) is { } text ? new NpgsqlParameter<string> { TypedValue = text } : NullOf(NpgsqlDbType.Text),
    };

    private static NpgsqlParameter NullOf(NpgsqlDbType type) => new() { NpgsqlDbType = type, Value = DBNull.Value };
}
