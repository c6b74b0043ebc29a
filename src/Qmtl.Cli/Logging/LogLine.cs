using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Qmtl.Cli.Logging;

/// <summary>What one line on standard error says. Secrets are hidden when it is formatted, in the message and in every field.</summary>
/// <param name="Time">When it happened.</param>
/// <param name="Level">How much it matters.</param>
/// <param name="Event">The event's name.</param>
/// <param name="Message">The sentence.</param>
/// <param name="Fields">The fields, in the order in which they are written.</param>
internal readonly record struct LogLine(
    DateTimeOffset Time, LogLevel Level, string Event, string Message, IReadOnlyList<KeyValuePair<string, object?>> Fields)
{
    // Made by Microsoft.Extensions.Logging for the message's template, which is none of the event's fields.
    private const string TemplateField = "{OriginalFormat}";

    // The line is no HTML page; node ids stay readable.
    private static readonly JsonWriterOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The level's name, as <c>--log-level</c> takes it.</summary>
    public static string NameOf(LogLevel level) => JsonNamingPolicy.CamelCase.ConvertName(level.ToString());

    /// <summary>The line for people.</summary>
    /// <param name="severity">What stands before the message.</param>
    /// <param name="withTime">Whether the time (UTC) stands in front.</param>
    public string ToText(string severity, bool withTime) =>
        $"{(withTime ? Timestamp() + " " : string.Empty)}qmtl: {severity}: {Redaction.OneLine(Message)}";

    /// <summary>The line for machines.</summary>
    public string ToJson()
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, Json))
        {
            json.WriteStartObject();
            json.WriteString("timestamp", Timestamp());
            json.WriteString("level", NameOf(Level));
            json.WriteString("event", Event);
            json.WriteString("message", Redaction.OneLine(Message));
            foreach ((string name, object? value) in Fields)
            {
                if (name != TemplateField)
                {
                    json.WritePropertyName(name);
                    WriteValue(json, value);
                }
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    private static void WriteValue(Utf8JsonWriter json, object? value)
    {
        switch (value)
        {
            case null:
                json.WriteNullValue();
                break;
            case bool flag:
                json.WriteBooleanValue(flag);
                break;
            case int number:
                json.WriteNumberValue(number);
                break;
            case long number:
                json.WriteNumberValue(number);
                break;
            case double number when double.IsFinite(number):
                json.WriteNumberValue(number);
                break;
            default:
                json.WriteStringValue(Redaction.OneLine(Convert.ToString(value, CultureInfo.InvariantCulture) ?? string.Empty));
                break;
        }
    }

    private string Timestamp() => Time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
