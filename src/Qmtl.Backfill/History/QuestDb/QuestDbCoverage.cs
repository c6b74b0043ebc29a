using System.Globalization;
using Npgsql;
using Qmtl.Data;
using Qmtl.History.Relational;
using Qmtl.Time;

namespace Qmtl.History.QuestDb;

/// <summary>Computes coverage on the server and fetches the ends of ranges only.</summary>
/// <remarks>
/// One pass in the order of time: <c>lag()</c> puts the bar before beside each bar, and only pairs that are not one interval apart
/// come back. One million bars with 100 gaps: about a quarter of the time in which a client streams every timestamp. Counting in
/// buckets takes as long, and needs the bars of every incomplete bucket on top.
/// </remarks>
internal static class QuestDbCoverage
{
    private const int Attempts = 5;

    /// <summary>The bars of the stream inside <paramref name="within"/>, whose ends are on the grid.</summary>
    /// <exception cref="StoreException">Bars were deleted again and again while they were looked at.</exception>
    public static async Task<TimeRangeSet> ReadAsync(
        NpgsqlConnection connection, TableSchema table, StreamKey stream, TimeRange within, string displayName, CancellationToken cancellationToken)
    {
        var rows = new QuestDbRows(table, stream);
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            if (await ReadLastAsync(connection, rows, within, cancellationToken) is not { } last)
            {
                return TimeRangeSet.Empty(stream.Interval);
            }

            if (await TryReadAsync(connection, rows, stream.Interval, within, last, cancellationToken) is { } coverage)
            {
                return coverage;
            }
        }

        throw new StoreException($"Bars of {stream} in {displayName} were deleted while they were looked at. Try again.") { IsTransient = true };
    }

    private static async Task<long?> ReadLastAsync(NpgsqlConnection connection, QuestDbRows rows, TimeRange within, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand($"SELECT max({rows.TimestampSql})::long {rows.FromSql} AND {rows.BetweenSql(within)}", connection);
        rows.AddParameters(command.Parameters);
        return await command.ExecuteScalarAsync(cancellationToken) as long?;
    }

    // Bars that are added after the last one was looked up are left out, so that a hole behind it cannot be taken for covered.
    // The order is not the window's in a table that is kept in another. Null where the last bar is gone by now.
    private static async Task<TimeRangeSet?> TryReadAsync(
        NpgsqlConnection connection, QuestDbRows rows, BarInterval interval, TimeRange within, long last, CancellationToken cancellationToken)
    {
        string sql = string.Create(
            CultureInfo.InvariantCulture,
            $"""
            SELECT t::long, p::long FROM (
                SELECT {rows.TimestampSql} t, lag({rows.TimestampSql}) OVER (ORDER BY {rows.TimestampSql}) p {rows.FromSql} AND {rows.BetweenSql(within)} AND {rows.TimestampSql} <= {last})
            WHERE t - p <> {interval.Seconds * rows.UnitsPerSecond} OR p IS NULL OR t = {last}
            ORDER BY t, p
            """);
        await using var command = new NpgsqlCommand(sql, connection);
        rows.AddParameters(command.Parameters);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        var builder = new TimeRangeSetBuilder(interval);
        long? start = null;
        long end = 0;
        while (await reader.ReadAsync(cancellationToken))
        {
            long bar = reader.GetInt64(0);
            long? before = reader.IsDBNull(1) ? null : reader.GetInt64(1);
            if (before is { } previous && bar - previous == interval.Seconds * rows.UnitsPerSecond)
            {
                // The last bar, which only continues its range.
                end = bar;
                continue;
            }

            if (start is { } opened)
            {
                Add(builder, rows, interval, opened, before ?? end);
            }

            start = bar;
            end = bar;
        }

        if (start is { } lastStart)
        {
            Add(builder, rows, interval, lastStart, end);
        }

        return end == last ? builder.Build() : null;
    }

    // Bars of one range are whole intervals apart, so all are on the grid or none is. Rows of other programs may be between two
    // bars and split a range; the builder joins its parts again.
    private static void Add(TimeRangeSetBuilder builder, QuestDbRows rows, BarInterval interval, long start, long end)
    {
        if (rows.TryGetSeconds(start, out long first) && interval.IsOnGrid(first) && rows.TryGetSeconds(end, out long last))
        {
            builder.Add(new TimeRange(first, last));
        }
    }
}
