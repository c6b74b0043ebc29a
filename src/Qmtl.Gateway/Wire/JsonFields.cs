using System.Text.Json;
using Qmtl.Time;

namespace Qmtl.Gateway.Wire;

/// <summary>
/// Reads the fields of the gateway's documents. A null is a field that is not there. Errors are <see cref="FormatException"/>s
/// that name the field and never repeat its value, which may be secret.
/// </summary>
internal static class JsonFields
{
    // Unix seconds reach this number in the year 5138, Unix milliseconds reached it in 1973.
    private const double LeastMilliseconds = 100_000_000_000;

    /// <summary>Refuses a document that is no object.</summary>
    public static JsonElement RequireObject(this JsonElement element) => element.ValueKind == JsonValueKind.Object
        ? element
        : throw new FormatException($"{Describe(element.ValueKind)} instead of an object");

    /// <summary>Whether there is a field, and it is not null.</summary>
    public static bool TryGetField(this JsonElement element, string name, out JsonElement field) =>
        element.TryGetProperty(name, out field) && field.ValueKind != JsonValueKind.Null;

    /// <summary>A field that must be there.</summary>
    public static JsonElement RequireField(this JsonElement element, string name) =>
        element.TryGetField(name, out JsonElement field) ? field : throw new FormatException($"no '{name}'");

    /// <summary>A text that must be there and not be blank.</summary>
    public static string RequireText(this JsonElement element, string name) =>
        TextOrNull(element, name) is { } text && !string.IsNullOrWhiteSpace(text) ? text : throw new FormatException($"no '{name}'");

    /// <summary>A text, or null.</summary>
    public static string? TextOrNull(this JsonElement element, string name) => !element.TryGetField(name, out JsonElement field)
        ? null
        : field.ValueKind == JsonValueKind.String ? field.GetString() : throw Unexpected(name, field, "a text");

    /// <summary>A text or number as text, or null; for ids and tags that are only shown or compared.</summary>
    public static string? ScalarOrNull(this JsonElement element, string name) => !element.TryGetField(name, out JsonElement field)
        ? null
        : field.ValueKind is JsonValueKind.String or JsonValueKind.Number ? field.ToString() : throw Unexpected(name, field, "a text");

    /// <summary>A truth value; <paramref name="missing"/> where it is not there.</summary>
    public static bool BooleanOr(this JsonElement element, string name, bool missing) => element.BooleanOrNull(name) ?? missing;

    /// <summary>A truth value, or null.</summary>
    public static bool? BooleanOrNull(this JsonElement element, string name) => element.TryGetField(name, out JsonElement field)
        ? ReadBoolean(name, field)
        : null;

    /// <summary>A truth value that must be there.</summary>
    public static bool RequireBoolean(this JsonElement element, string name) => ReadBoolean(name, element.RequireField(name));

    /// <summary>A number, or null.</summary>
    public static double? NumberOrNull(this JsonElement element, string name) => !element.TryGetField(name, out JsonElement field)
        ? null
        : field.ValueKind == JsonValueKind.Number && field.TryGetDouble(out double number) && double.IsFinite(number)
            ? number
            : throw Unexpected(name, field, "a number");

    /// <summary>An instant as ISO 8601 or as Unix seconds or milliseconds, or null.</summary>
    public static DateTimeOffset? InstantOrNull(this JsonElement element, string name)
    {
        if (!element.TryGetField(name, out JsonElement field))
        {
            return null;
        }

        try
        {
            return field.ValueKind switch
            {
                JsonValueKind.String => UnixTime.Parse(field.GetString()!),
                JsonValueKind.Number when field.TryGetDouble(out double number) => Math.Abs(number) >= LeastMilliseconds
                    ? DateTimeOffset.UnixEpoch.AddMilliseconds(number)
                    : DateTimeOffset.UnixEpoch.AddSeconds(number),
                _ => throw Unexpected(name, field, "a time"),
            };
        }
        catch (Exception error) when (error is FormatException or ArgumentOutOfRangeException)
        {
            // Without its cause, whose message repeats the value.
            throw new FormatException($"a '{name}' that is no time in ISO 8601");
        }
    }

    /// <summary>What kind of value it is, in words.</summary>
    public static string Describe(JsonValueKind kind) => kind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        JsonValueKind.String => "a text",
        JsonValueKind.Number => "a number",
        JsonValueKind.True or JsonValueKind.False => "a truth value",
        _ => "null",
    };

    /// <summary>The error of a field that has the wrong type.</summary>
    public static FormatException Unexpected(string name, JsonElement field, string wanted) =>
        new($"{Describe(field.ValueKind)} as '{name}' where {wanted} belongs");

    private static bool ReadBoolean(string name, JsonElement field) => field.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Unexpected(name, field, "true or false"),
    };
}
