using System.Globalization;
using System.Text.Json;
using Qmtl.Data;
using Qmtl.Recording.Spooling;

namespace Qmtl.Recording;

/// <summary>
/// Sets aside what a recorder refuses for good: a file of JSON lines, for each refusal one that says why and of what types the columns
/// are, and then one a row with <c>node_id</c>, <c>interval</c> (seconds), <c>ts</c> (Unix seconds, UTC) and the payload.
/// </summary>
/// <remarks><see cref="RefusedRowsReader"/> reads it.</remarks>
internal sealed class RefusedRows(SpoolFolder folder, TimeProvider timeProvider)
{
    /// <summary>The field of the line before rows that names their columns.</summary>
    public const string ColumnsField = "columns";

    private static readonly JsonWriterOptions OneLine = new() { Indented = false, SkipValidation = true };

    /// <summary>Adds rows to the file and returns its path.</summary>
    /// <exception cref="IOException">The file cannot be written; nothing was added.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written; nothing was added.</exception>
    public string Add(StreamKey stream, IReadOnlyList<BarFrame> frames, string destination, Exception reason)
    {
        using var lines = new MemoryStream();
        Write(lines, stream, frames, destination, reason);
        folder.Create();
        using var file = new FileStream(folder.RefusedFile, FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0);
        long before = file.Position;
        try
        {
            file.Write(lines.GetBuffer(), 0, (int)lines.Length);
            return folder.RefusedFile;
        }
        catch
        {
            file.SetLength(before);
            throw;
        }
    }

    private void Write(MemoryStream lines, StreamKey stream, IReadOnlyList<BarFrame> frames, string destination, Exception reason)
    {
        using var writer = new Utf8JsonWriter(lines, OneLine);
        writer.WriteStartObject();
        writer.WriteString("refused_at", timeProvider.GetUtcNow().UtcDateTime.ToString("o", CultureInfo.InvariantCulture));
        writer.WriteString("destination", destination);
        writer.WriteString("reason", reason.Message);
        writer.WriteNumber("rows", frames.Sum(frame => frame.Count));
        writer.WriteStartObject(ColumnsField);
        foreach (BarColumn column in frames[0].Columns)
        {
            writer.WriteString(column.Name, column.Type.ToString());
        }

        writer.WriteEndObject();
        End(lines, writer);
        foreach (BarRow row in frames.SelectMany(frame => frame.Rows))
        {
            writer.WriteStartObject();
            writer.WriteString(ColumnNames.NodeId, stream.NodeId);
            writer.WriteNumber(ColumnNames.Interval, stream.Interval.Number);
            writer.WriteNumber(ColumnNames.Timestamp, row.Timestamp);
            for (int i = 0; i < row.Columns.Count; i++)
            {
                writer.WritePropertyName(row.Columns[i].Name);
                WriteValue(writer, row[i]);
            }

            End(lines, writer);
        }
    }

    private static void End(MemoryStream lines, Utf8JsonWriter writer)
    {
        writer.WriteEndObject();
        writer.Flush();
        writer.Reset();
        lines.WriteByte((byte)'\n');
    }

    private static void WriteValue(Utf8JsonWriter writer, object? value)
    {
        switch (value)
        {
            case null:
                writer.WriteNullValue();
                break;
            case double number when double.IsFinite(number):
                writer.WriteNumberValue(number);
                break;
            case double number:
                // JSON has no number for it.
                writer.WriteStringValue(number.ToString(CultureInfo.InvariantCulture));
                break;
            case long number:
                writer.WriteNumberValue(number);
                break;
            case bool flag:
                writer.WriteBooleanValue(flag);
                break;
            default:
                writer.WriteStringValue((string)value);
                break;
        }
    }
}
