using System.Globalization;
using Npgsql;
using Qmtl.Data;
using Qmtl.History.Relational;
using Qmtl.Time;

namespace Qmtl.History.QuestDb;

/// <summary>The rows of one stream in a table of QuestDB: the pieces of SQL that reading, coverage and writing share.</summary>
internal sealed class QuestDbRows
{
    private readonly StreamKey _stream;

    public QuestDbRows(TableSchema table, StreamKey stream)
    {
        _stream = stream;
        UnitsPerSecond = QuestDbTypes.UnitsPerSecond(table.Timestamp);

        // A number beside a DATE would be taken for microseconds, though a DATE counts milliseconds.
        TimestampSql = QuestDbTypes.ColumnSql(table.Timestamp) + (table.Timestamp.TypeName == QuestDbTypes.Date ? "::long" : string.Empty);
        FromSql = $"FROM {SqlText.Quote(table.Table)} WHERE {QuestDbTypes.ColumnSql(table.NodeId)} = $1 AND {QuestDbTypes.ColumnSql(table.Interval)} = $2";
    }

    /// <summary>How many units of the timestamp column are a second.</summary>
    public long UnitsPerSecond { get; }

    /// <summary>The timestamp column, comparable with numbers of its units.</summary>
    public string TimestampSql { get; }

    /// <summary>The stream's rows, with <c>$1</c> and <c>$2</c> for <see cref="AddParameters"/>.</summary>
    public string FromSql { get; }

    /// <summary>A condition on the timestamp. The bounds are numbers in the text: QuestDB then reads only the partitions between them.</summary>
    public string BetweenSql(TimeRange range) =>
        string.Create(CultureInfo.InvariantCulture, $"{TimestampSql} BETWEEN {ToUnits(range.Start)} AND {ToUnits(range.End)}");

    /// <summary>Seconds in the column's units; what is beyond their range becomes its end.</summary>
    public long ToUnits(long seconds)
    {
        long furthest = long.MaxValue / UnitsPerSecond;
        return Math.Clamp(seconds, -furthest, furthest) * UnitsPerSecond;
    }

    /// <summary>The bar that opens at a stored instant; false where it lies between two seconds.</summary>
    public bool TryGetSeconds(long units, out long seconds)
    {
        (seconds, long rest) = Math.DivRem(units, UnitsPerSecond);
        return rest == 0;
    }

    /// <summary>The node and interval for <see cref="FromSql"/>.</summary>
    public void AddParameters(NpgsqlParameterCollection parameters)
    {
        parameters.Add(new NpgsqlParameter<string> { TypedValue = _stream.NodeId });
        parameters.Add(new NpgsqlParameter<int> { TypedValue = (int)_stream.Interval.Seconds });
    }
}
