using Qmtl.Data;
using Qmtl.Time;
using SQLitePCL;

namespace Qmtl.History.Relational.Sqlite;

internal sealed partial class SqliteSession
{
    /// <inheritdoc/>
    public override bool CanAdd(TableSchema table, IReadOnlyList<PlannedFrame> frames) => table.HasKey;

    /// <inheritdoc/>
    protected override Task<bool> TryAddBarsAsync(
        TableSchema table, StreamKey stream, IReadOnlyList<PlannedFrame> run, CancellationToken cancellationToken) =>
        Task.FromResult(SqliteBarWriter.TryAdd(_connection, table, stream, run, cancellationToken));

    /// <inheritdoc/>
    /// <remarks>One statement for all streams: preparing it takes longer than running it.</remarks>
    public override Task<IReadOnlyList<IReadOnlyList<EmptyRange>>> ReadEmptyRangesAsync(
        IReadOnlyList<(StreamKey Stream, TimeRange Within)> streams, CancellationToken cancellationToken)
    {
        using var select = new SqliteStatement(_connection, EmptyRangesSql("?1", "?2", "s IS NOT NULL", "?3", "?4"));
        var all = new List<IReadOnlyList<EmptyRange>>(streams.Count);
        foreach ((StreamKey stream, TimeRange within) in streams)
        {
            cancellationToken.ThrowIfCancellationRequested();
            select.Bind(1, stream.NodeId);
            select.Bind(2, stream.Interval.Number);
            select.Bind(3, within.Start);
            select.Bind(4, within.End);
            List<EmptyRange>? ranges = null;
            while (select.Step())
            {
                (ranges ??= []).Add(new EmptyRange(
                    raw.sqlite3_column_text(select.Handle, 0).utf8_to_string(),
                    raw.sqlite3_column_int64(select.Handle, 1),
                    raw.sqlite3_column_int64(select.Handle, 2),
                    raw.sqlite3_column_int64(select.Handle, 3)));
            }

            select.Reset();
            all.Add(ranges ?? (IReadOnlyList<EmptyRange>)[]);
        }

        return Task.FromResult<IReadOnlyList<IReadOnlyList<EmptyRange>>>(all);
    }
}
