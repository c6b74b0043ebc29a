using Npgsql;
using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.History.Relational.PostgreSql;

/// <summary>Reads bars from a PostgreSQL table.</summary>
internal sealed class PostgreSqlBarReader(
    NpgsqlConnection connection, string tableSql, TableSchema table, StreamKey stream, TimeRange range)
    : NpgsqlBarReader(table.Payload, stream.Interval, range, table.HasKey ? BarsInBatch : null)
{
    private const int BarsInBatch = 16 * BarsInFrame;

    protected override NpgsqlCommand CreateCommand(TimeRange rest, string limit)
    {
        string timestamp = SqlText.Quote(table.Timestamp.Name);
        string columns = string.Concat(table.Payload.Select(column => $", {PostgreSqlTypes.ReadSql(column)}"));
        return new NpgsqlCommand(
            $"SELECT {timestamp}::int8{columns} FROM {tableSql} WHERE {SqlText.Quote(table.NodeId.Name)} = $1 "
            + $"AND {SqlText.Quote(table.Interval.Name)} = $2 AND {timestamp} BETWEEN $3 AND $4 ORDER BY {timestamp}{limit}",
            connection)
        {
            Parameters =
            {
                new NpgsqlParameter<string> { TypedValue = stream.NodeId },
                new NpgsqlParameter<int> { TypedValue = stream.Interval.Number },
                new NpgsqlParameter<long> { TypedValue = rest.Start },
                new NpgsqlParameter<long> { TypedValue = rest.End },
            },
        };
    }

    protected override bool TryReadOpen(NpgsqlDataReader reader, out long open)
    {
        open = reader.GetInt64(0);
        return true;
    }
}
