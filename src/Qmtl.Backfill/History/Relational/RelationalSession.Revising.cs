using System.Data.Common;
using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.History.Relational;

internal abstract partial class RelationalSession
{
    /// <summary>The trail of revisions, beside the tables of bars.</summary>
    public const string RevisionsTable = TableNaming.ReservedPrefix + "revisions";

    /// <summary>The statement that makes the table of revisions.</summary>
    public virtual string CreateRevisionsSql() =>
        $"CREATE TABLE {TableSql(RevisionsTable)} (node_id {TypeName(StoredType.Text)} NOT NULL, \"interval\" {TypeName(StoredType.Int32)} "
            + $"NOT NULL, bar_ts {TypeName(StoredType.Int64)} NOT NULL, revised_at {TypeName(StoredType.Int64)} NOT NULL, "
            + $"column_name {TypeName(StoredType.Text)} NOT NULL, old_value {TypeName(StoredType.Text)}, new_value "
            + $"{TypeName(StoredType.Text)}, source {TypeName(StoredType.Text)} NOT NULL, "
            + $"PRIMARY KEY (node_id, \"interval\", bar_ts, revised_at, column_name)){TableOptions}";

    /// <summary>Deletes every row of the stream that opens inside, also those that are no bars and those that are there twice.</summary>
    public virtual async Task DeleteBarsAsync(
        TableSchema table, StreamKey stream, TimeRange within, CancellationToken cancellationToken)
    {
        await using DbCommand command = Connection.CreateCommand(
            $"DELETE FROM {TableSql(table.Table)} WHERE {SqlText.Quote(table.NodeId.Name)} = @node AND "
                + $"{SqlText.Quote(table.Interval.Name)} = @interval AND {SqlText.Quote(table.Timestamp.Name)} BETWEEN @start AND @end",
            ("node", stream.NodeId),
            ("interval", stream.Interval.Number),
            ("start", within.Start),
            ("end", within.End));

        // As long as it takes: the caller's cancellation ends it.
        command.CommandTimeout = 0;
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Refuses a table in which no stored bar can be replaced, before a row is written. The default refuses none.</summary>
    /// <exception cref="StoreException">It is one of those.</exception>
    public virtual void RequireReplaceable(TableSchema table)
    {
    }

    /// <summary>
    /// Brings the trail of the bars in a range in order before they are revised, where a write that was cut short can have left an entry
    /// without its change. The default, for a database whose transactions span tables, does nothing.
    /// </summary>
    public virtual Task SettleRevisionsAsync(
        TableSchema table, StreamKey stream, TimeRange within, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Adds entries to the trail, before the bars are written.</summary>
    public abstract Task AddRevisionsAsync(StreamKey stream, IReadOnlyList<RevisionRow> rows, CancellationToken cancellationToken);

    /// <summary>The trail's entries behind one of them, in order.</summary>
    /// <param name="table">The table of the stream's bars; null where there is none.</param>
    /// <param name="stream">The stream.</param>
    /// <param name="within">The bars.</param>
    /// <param name="after">The last entry that was read; null for the first.</param>
    /// <param name="most">How many are read.</param>
    /// <param name="cancellationToken">Ends the query.</param>
    public virtual async Task<IReadOnlyList<RevisionRow>> ReadRevisionsAsync(
        TableSchema? table, StreamKey stream, TimeRange within, RevisionRow? after, int most, CancellationToken cancellationToken)
    {
        string sql = $"SELECT {RevisionRow.Columns} FROM {TableSql(RevisionsTable)} WHERE node_id = @node AND \"interval\" = @interval AND "
            + "bar_ts BETWEEN @start AND @end AND (bar_ts > @bar OR revised_at > @at OR (revised_at = @at AND column_name > @column)) "
            + $"ORDER BY bar_ts, revised_at, column_name LIMIT {most}";
        await using DbCommand command = Connection.CreateCommand(
            sql,
            ("node", stream.NodeId),
            ("interval", stream.Interval.Number),
            ("start", after?.Timestamp ?? within.Start),
            ("end", within.End),
            ("bar", after?.Timestamp ?? long.MinValue),
            ("at", after?.RevisedAt ?? long.MinValue),
            ("column", after?.Column ?? string.Empty));
        return await command.ListAsync(RevisionRow.Of, cancellationToken);
    }
}
