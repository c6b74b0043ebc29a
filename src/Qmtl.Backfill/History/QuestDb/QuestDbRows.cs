using System.Globalization;
using Npgsql;
using Qmtl.Data;
using Qmtl.History.Relational;
using Qmtl.Time;

namespace Qmtl.History.QuestDb;

/// <summary>The rows of one stream in a table of QuestDB: the pieces of SQL that reading, coverage and writing share.</summary>
internal sealed class QuestDbRows
{
    // Npgsql hands over a timestamp as microseconds since 2000; QuestDB counts from 1970.
    private static readonly long Year2000 = DateTimeOffset.Parse(
        "2000-01-01Z", CultureInfo.InvariantCulture).ToUnixTimeSeconds() * 1_000_000;

    private readonly StreamKey _stream;
    private readonly long _origin;

    public QuestDbRows(TableSchema table, StreamKey stream)
    {
        _stream = stream;
        UnitsPerSecond = QuestDbTypes.UnitsPerSecond(table.Timestamp);

        // A number beside a DATE would be taken for microseconds, though a DATE counts milliseconds.
        TimestampSql = QuestDbTypes.ColumnSql(table.Timestamp) + (table.Timestamp.TypeName == QuestDbTypes.Date ? "::long" : string.Empty);
        FromSql =
            $"FROM {SqlText.Quote(table.Table)} WHERE {QuestDbTypes.ColumnSql(table.NodeId)} = $1 AND "
                + $"{QuestDbTypes.ColumnSql(table.Interval)} = $2";

        // A microsecond timestamp is read as it is: to cast it costs the server more than to look it up.
        bool isTimestamp = table.Timestamp.TypeName == QuestDbTypes.Timestamp;
        _origin = isTimestamp ? Year2000 : 0;
        ReadTimestampSql = isTimestamp ? TimestampSql : TimestampSql + "::long";
    }

    /// <summary>How many units of the timestamp column are a second.</summary>
    public long UnitsPerSecond { get; }

    /// <summary>The timestamp column, comparable with numbers of its units.</summary>
    public string TimestampSql { get; }

    /// <summary>The timestamp column as <see cref="TryReadSeconds"/> reads it, first in a list of columns.</summary>
    public string ReadTimestampSql { get; }

    /// <summary>The stream's rows, with <c>$1</c> and <c>$2</c> for <see cref="AddParameters"/>.</summary>
    public string FromSql { get; }

    /// <summary>
    /// A condition on the timestamp. The bounds are numbers in the text: QuestDB then reads only the partitions between them.
    /// </summary>
    public string BetweenSql(TimeRange range) =>
        string.Create(CultureInfo.InvariantCulture, $"{TimestampSql} BETWEEN {ToUnits(range.Start)} AND {ToUnits(range.End)}");

    /// <summary>Seconds in the column's units; what is beyond their range becomes its end.</summary>
    public long ToUnits(long seconds)
    {
        long furthest = long.MaxValue / UnitsPerSecond;
        return Math.Clamp(seconds, -furthest, furthest) * UnitsPerSecond;
    }

    /// <summary>The second at which the reader's row is; false, and the second before it, where it lies between two.</summary>
    public bool TryReadSeconds(NpgsqlDataReader reader, out long seconds)
    {
        (seconds, long rest) = Math.DivRem(reader.GetFieldValue<long>(0) + _origin, UnitsPerSecond);
        return rest == 0;
    }

    /// <summary>The node and interval for <see cref="FromSql"/>.</summary>
    public void AddParameters(NpgsqlParameterCollection parameters)
    {
        parameters.Add(new NpgsqlParameter<string> { TypedValue = _stream.NodeId });
        parameters.Add(new NpgsqlParameter<int> { TypedValue = _stream.Interval.Number });
    }
}
