using System.Globalization;
using Qmtl.Data;
using Qmtl.History.Relational;

namespace Qmtl.History.QuestDb.Ilp;

/// <summary>
/// Encodes bars as lines of the InfluxDB line protocol for QuestDB (questdb.com/docs/reference/api/ilp/overview): one line a bar,
/// <c>table,node_id=BTCUSDT interval=60i,open=1.5 1609459200</c>, timestamps in whole seconds. Columns go straight to bytes;
/// no row makes an object.
/// </summary>
internal sealed class IlpEncoder
{
    // A space, the longest timestamp and the line's end.
    private const int LongestTimestamp = 22;

    private readonly byte[] _beginning;
    private readonly Func<string, string> _columnName;
    private readonly bool _binaryDoubles;

    /// <summary>An encoder for the bars of one stream.</summary>
    /// <param name="tableName">The table's name as the server spells it.</param>
    /// <param name="table">The table's columns.</param>
    /// <param name="stream">The stream.</param>
    /// <param name="columnName">A column's name as the server spells it.</param>
    /// <param name="binaryDoubles">Whether doubles go as their eight bytes (version 2 of the protocol); as text otherwise.</param>
    public IlpEncoder(string tableName, TableSchema table, StreamKey stream, Func<string, string> columnName, bool binaryDoubles)
    {
        _columnName = columnName;
        _binaryDoubles = binaryDoubles;
        using var buffer = new IlpBuffer(1024);
        IlpText.WriteName(tableName, buffer);
        buffer.Append((byte)',');
        IlpText.WriteName(table.NodeId.Name, buffer);
        buffer.Append((byte)'=');
        IlpText.WriteName(stream.NodeId, buffer);
        buffer.Append((byte)' ');
        IlpText.WriteName(table.Interval.Name, buffer);
        buffer.Append((byte)'=');
        _ = stream.Interval.Number.TryFormat(buffer.GetSpan(LongestTimestamp), out int length, default, CultureInfo.InvariantCulture);
        buffer.Advance(length);
        buffer.Append((byte)'i');
        _beginning = buffer.Written.ToArray();
    }

    /// <summary>Writers for the frame's columns, to be given to <see cref="Encode"/>.</summary>
    public IlpColumn[] ColumnsOf(PlannedFrame frame) =>
        [.. frame.Columns.Select(column => IlpColumn.Create(column, _columnName(column.Stored.Name), _binaryDoubles))];

    /// <summary>
    /// Encodes rows from <paramref name="row"/> on, until the buffer holds <paramref name="enough"/> bytes or the frame ends.
    /// </summary>
    /// <returns>The row to go on with; the frame's count where all were encoded.</returns>
    public int Encode(ReadOnlySpan<long> timestamps, IlpColumn[] columns, int row, int enough, IlpBuffer buffer)
    {
        for (; row < timestamps.Length && buffer.Length < enough; row++)
        {
            buffer.Append(_beginning);
            foreach (IlpColumn column in columns)
            {
                column.Write(row, buffer);
            }

            Span<byte> end = buffer.GetSpan(LongestTimestamp);
            end[0] = (byte)' ';
            _ = timestamps[row].TryFormat(end[1..], out int length, default, CultureInfo.InvariantCulture);
            end[length + 1] = (byte)'\n';
            buffer.Advance(length + 2);
        }

        return row;
    }
}
