using Npgsql;
using Qmtl.Data;
using Qmtl.History.Relational;
using Qmtl.History.Relational.PostgreSql;
using Qmtl.Time;

namespace Qmtl.History.QuestDb;

/// <summary>Reads bars from a table of QuestDB. While a statement is open, an old version of the table stays alive on the server.</summary>
/// <param name="connection">An open connection.</param>
/// <param name="table">The table.</param>
/// <param name="columns">The payload columns to read.</param>
/// <param name="stream">The stream.</param>
/// <param name="range">The bars to read.</param>
/// <param name="isOrderedByBar">Whether the table is kept in the order of its bars, so that a piece of them need not be sorted.</param>
internal sealed class QuestDbBarReader(
    NpgsqlConnection connection,
    TableSchema table,
    IReadOnlyList<StoredColumn> columns,
    StreamKey stream,
    TimeRange range,
    bool isOrderedByBar)
    : NpgsqlBarReader(columns, stream.Interval, range, isOrderedByBar ? BarsInBatch : null)
{
    private const int BarsInBatch = 32 * BarsInFrame;

    private readonly QuestDbRows _rows = new(table, stream);
    private readonly string _payload = string.Concat(columns.Select(column => $", {QuestDbTypes.ReadSql(column)}"));

    protected override bool IsLong => true;

    protected override NpgsqlCommand CreateCommand(TimeRange rest, string limit)
    {
        string where = $"{_rows.FromSql} AND {_rows.BetweenSql(rest)}";
        var command = new NpgsqlCommand($"SELECT {_rows.ReadTimestampSql}{_payload} {where} ORDER BY 1{limit}", connection);
        _rows.AddParameters(command.Parameters);
        return command;
    }

    protected override bool TryReadOpen(NpgsqlDataReader reader, out long open) => _rows.TryReadSeconds(reader, out open);
}
