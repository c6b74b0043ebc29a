using System.Text.Json;

namespace Qmtl.Gateway.Wire;

/// <summary>Reads the gateway's documents.</summary>
internal static class GatewayJson
{
    /// <summary>Reads a document.</summary>
    /// <param name="text">UTF-8.</param>
    /// <param name="read">Makes a value of its root.</param>
    /// <exception cref="FormatException">It is no JSON, or not what <paramref name="read"/> wants. The message says what is there instead,
    /// without any value of it.</exception>
    public static T Read<T>(ReadOnlyMemory<byte> text, Func<JsonElement, T> read)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            return read(document.RootElement);
        }
        catch (JsonException error)
        {
            // The exception's own message may quote the text.
            throw new FormatException(
                error.BytePositionInLine is { } position
                    ? $"no JSON (broken at line {error.LineNumber + 1}, byte {position + 1})"
                    : "no JSON");
        }
        catch (InvalidOperationException)
        {
            // Escapes of half a surrogate pair are JSON, and no text.
            throw new FormatException("a text that is no Unicode");
        }
    }
}
