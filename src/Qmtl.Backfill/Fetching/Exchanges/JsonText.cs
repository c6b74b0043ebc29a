using System.Text;
using System.Text.Json;

namespace Qmtl.Fetching.Exchanges;

/// <summary>Values of an answer as text.</summary>
internal static class JsonText
{
    /// <summary>The value that the reader stands at: a text as it is, anything else as it is written.</summary>
    public static string Of(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.String)
        {
            return TextOf(ref reader);
        }

        if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
        {
            Utf8JsonReader copy = reader;
            return JsonElement.ParseValue(ref copy).GetRawText();
        }

        return Encoding.UTF8.GetString(reader.ValueSpan);
    }

    /// <summary>The text that the reader stands at; where it is none in UTF-8, as it came, with marks for what cannot be shown.</summary>
    public static string TextOf(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.GetString()!;
        }
        catch (InvalidOperationException)
        {
            return Encoding.UTF8.GetString(reader.ValueSpan);
        }
    }

    /// <summary>The value at a place; null where there is none, or the answer is no JSON.</summary>
    public static string? At(ReadOnlySpan<byte> body, JsonPath place)
    {
        try
        {
            var reader = new Utf8JsonReader(body);
            return place.Seek(ref reader) && reader.TokenType != JsonTokenType.Null ? Of(ref reader) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
