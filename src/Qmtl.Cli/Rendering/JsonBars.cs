using System.Text.Encodings.Web;
using System.Text.Json;
using Qmtl.Data;
using Qmtl.Messages;
using Qmtl.Time;

namespace Qmtl.Cli.Rendering;

/// <summary>
/// Writes bars as JSON lines: <c>ts</c> (Unix seconds), <c>time</c> (ISO 8601, UTC), then the payload under its own names.
/// </summary>
internal sealed class JsonBars(Stream output) : IBarWriter, IDisposable
{
    private const string Time = "time";

    private readonly Utf8JsonWriter _writer = new(output, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    /// <inheritdoc/>
    public async Task WriteAsync(BarFrame frame, CancellationToken cancellationToken)
    {
        JsonEncodedText[] names = [.. frame.Columns.Select(column => Encode(column.Name))];
        // A payload may have a column of that name; it is the payload's then.
        bool hasTime = frame.Columns.Any(column => column.Name == Time);
        for (int row = 0; row < frame.Count; row++)
        {
            long timestamp = frame.Timestamps[row];
            _writer.WriteStartObject();
            _writer.WriteNumber(ColumnNames.Timestamp, timestamp);
            if (!hasTime)
            {
                _writer.WriteString(Time, UnixTime.Format(timestamp));
            }

            for (int i = 0; i < names.Length; i++)
            {
                _writer.WritePropertyName(names[i]);
                WriteValue(frame.Columns[i], row);
            }

            _writer.WriteEndObject();
            _writer.Flush();
            _writer.Reset();
            output.WriteByte((byte)'\n');
        }

        await output.FlushAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public Task CompleteAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public void Dispose() => _writer.Dispose();

    // Text that a terminal would obey is escaped, and everything beyond ASCII with it; a reader of the JSON gets it as it is.
    private static JsonEncodedText Encode(string text) =>
        JsonEncodedText.Encode(
            text, ReferenceEquals(PlainText.Escape(text), text) ? JavaScriptEncoder.UnsafeRelaxedJsonEscaping : JavaScriptEncoder.Default);

    private void WriteValue(BarColumn column, int row)
    {
        switch (column)
        {
            case var _ when column.IsNull(row):
            // JSON has no NaN; another program may have stored one.
            case BarColumn<double> doubles when !double.IsFinite(doubles.Values.Span[row]):
                _writer.WriteNullValue();
                break;
            case BarColumn<double> doubles:
                _writer.WriteNumberValue(doubles.Values.Span[row]);
                break;
            case BarColumn<long> longs:
                _writer.WriteNumberValue(longs.Values.Span[row]);
                break;
            case BarColumn<bool> booleans:
                _writer.WriteBooleanValue(booleans.Values.Span[row]);
                break;
            default:
                _writer.WriteStringValue(Encode(column.GetText(row)!));
                break;
        }
    }
}
