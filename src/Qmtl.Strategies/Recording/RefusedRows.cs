using System.Globalization;
using System.Text;
using System.Text.Json;
using Qmtl.Data;
using Qmtl.Messages;
using Qmtl.Recording.Spooling;

namespace Qmtl.Recording;

/// <summary>
/// Sets aside what a recorder refuses for good: a file of JSON lines, a row each with <c>node_id</c>, <c>interval</c>, <c>ts</c> (Unix
/// seconds, UTC) and the payload, as <c>ConvertFrom-Json</c> and <c>Add-QmtlRecord</c> take them, and beside it one that says why.
/// </summary>
/// <remarks>
/// The payload is an object of its own, whose columns may so have any name, and its values tell their types: a number with a point or an
/// exponent is a double, any other a whole number.
/// </remarks>
internal sealed class RefusedRows(SpoolFolder folder, TimeProvider timeProvider)
{
    /// <summary>The name of the object that holds a row's columns.</summary>
    public const string Payload = "payload";

    private static readonly JsonWriterOptions OneLine = new() { Indented = false, SkipValidation = true };

    /// <summary>Adds rows to the file and returns its path.</summary>
    /// <exception cref="IOException">The file cannot be written; no row was added.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written; no row was added.</exception>
    public string Add(StreamKey stream, IReadOnlyList<BarFrame> frames, string destination, Exception reason)
    {
        using var lines = new MemoryStream();
        foreach (BarRow row in frames.SelectMany(frame => frame.Rows))
        {
            Write(lines, stream, row);
        }

        folder.Create();
        string now = timeProvider.GetUtcNow().UtcDateTime.ToString("o", CultureInfo.InvariantCulture);
        int rows = frames.Sum(frame => frame.Count);
        string why = string.Create(
            CultureInfo.InvariantCulture, $"{now} {destination} refuses {rows} rows of {stream}: {PlainText.OneLine(reason.Message)}\n");
        Append(folder.RefusedFile + ".txt", Encoding.UTF8.GetBytes(why));
        Append(folder.RefusedFile, lines.GetBuffer().AsSpan(0, (int)lines.Length));
        return folder.RefusedFile;
    }

    // All of it, or nothing.
    private static void Append(string path, ReadOnlySpan<byte> bytes)
    {
        using var file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0);
        long before = file.Position;
        try
        {
            file.Write(bytes);
        }
        catch
        {
            file.SetLength(before);
            throw;
        }
    }

    private static void Write(MemoryStream lines, StreamKey stream, BarRow row)
    {
        using var writer = new Utf8JsonWriter(lines, OneLine);
        writer.WriteStartObject();
        writer.WriteString(ColumnNames.NodeId, stream.NodeId);
        writer.WriteString(ColumnNames.Interval, stream.Interval.ToString());
        writer.WriteNumber(ColumnNames.Timestamp, row.Timestamp);
        writer.WriteStartObject(Payload);
        for (int i = 0; i < row.Columns.Count; i++)
        {
            writer.WritePropertyName(row.Columns[i].Name);
            WriteValue(writer, row[i]);
        }

        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.Flush();
        lines.WriteByte((byte)'\n');
    }

    private static void WriteValue(Utf8JsonWriter writer, object? value)
    {
        switch (value)
        {
            case double number when double.IsInfinity(number):
                // JSON has no word for it, and readers take a number that no double holds for it.
                writer.WriteRawValue(number > 0 ? "1e999" : "-1e999");
                break;
            case null or double.NaN:
                writer.WriteNullValue();
                break;
            case double number:
                string digits = number.ToString("R", CultureInfo.InvariantCulture);
                writer.WriteRawValue(digits.AsSpan().ContainsAny('.', 'E') ? digits : digits + ".0");
                break;
            default:
                JsonSerializer.Serialize(writer, value);
                break;
        }
    }
}
