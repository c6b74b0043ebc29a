using System.Globalization;
using System.Text.Json;
using Qmtl.Messages;

namespace Qmtl.Fetching.Exchanges;

/// <summary>A value in a file of JSON that knows where it stands, so that what is wrong with it can be said in one sentence.</summary>
/// <param name="Json">The value.</param>
/// <param name="File">The file, as an operator knows it.</param>
/// <param name="Path">Where the value stands in it, for example <c>routes[0].query</c>; empty for the whole.</param>
internal readonly record struct DeclaredNode(JsonElement Json, string File, string Path)
{
    private const int LongestQuote = 60;

    /// <summary>What the file is, for people.</summary>
    public string Form { get; init; } = "profile";

    /// <summary>The page that says what its keys mean.</summary>
    public string Page { get; init; } = "docs/exchanges.md";

    /// <summary>Whether it is a text.</summary>
    public bool IsText => Json.ValueKind == JsonValueKind.String;

    /// <summary>Reads a whole file: JSON in UTF-8, comments and trailing commas allowed.</summary>
    /// <exception cref="ArgumentException">It is no JSON object, or has a key twice.</exception>
    public static DeclaredNode Parse(ReadOnlyMemory<byte> text, string file, string form = "profile", string page = "docs/exchanges.md")
    {
        try
        {
            var options = new JsonDocumentOptions
            {
                AllowDuplicateProperties = false,
                AllowTrailingCommas = true,
                CommentHandling = JsonCommentHandling.Skip,
            };
            using JsonDocument document = JsonDocument.Parse(WithoutMark(text), options);
            var root = new DeclaredNode(document.RootElement.Clone(), file, string.Empty) { Form = form, Page = page };
            return root.Json.ValueKind == JsonValueKind.Object ? root : throw root.Wrong("must be a JSON object");
        }
        catch (JsonException error)
        {
            string what = $"{PlainText.OneLine(file)} is no JSON that can be read: {PlainText.OneLine(error.Message)}";
            throw new ArgumentException(what, error);
        }
    }

    /// <summary>The error of a value that breaks a rule.</summary>
    /// <param name="rule">The rule, and the way out where it does not say it itself: the end of a sentence about the value.</param>
    public ArgumentException Wrong(string rule)
    {
        string value = Json.ValueKind is JsonValueKind.Undefined or JsonValueKind.Object or JsonValueKind.Array
            ? string.Empty
            : $" is {PlainText.OneLine(Json.GetRawText(), LongestQuote)}, but";
        string place = Path.Length == 0 ? "it" : $"'{PlainText.OneLine(Path, 2 * LongestQuote)}'";
        return new ArgumentException($"In the {Form} {PlainText.OneLine(File)}, {place}{value} {rule}.");
    }

    /// <summary>Refuses any key but those.</summary>
    public DeclaredNode Only(params ReadOnlySpan<string> keys)
    {
        foreach (JsonProperty member in RequireObject().EnumerateObject())
        {
            if (!keys.Contains(member.Name))
            {
                string meant = NearestNames.Ask(member.Name, keys.ToArray()) is { } ask ? $"{ask} " : string.Empty;
                throw Child(member.Name, default).Wrong($"is no key that a {Form} has there. {meant}Known are {string.Join(", ", keys!)}");
            }
        }

        return this;
    }

    /// <summary>The value of a key.</summary>
    public DeclaredNode Required(string key) =>
        Optional(key) ?? throw Wrong($"lacks the key '{key}'. Write it; {Page} says what it means");

    /// <summary>The value of a key; null where there is none.</summary>
    public DeclaredNode? Optional(string key) => RequireObject().TryGetProperty(key, out JsonElement value) ? Child(key, value) : null;

    /// <summary>The members of an object.</summary>
    public IEnumerable<(string Key, DeclaredNode Value)> Members()
    {
        foreach (JsonProperty member in RequireObject().EnumerateObject())
        {
            yield return (member.Name, Child(member.Name, member.Value));
        }
    }

    /// <summary>The entries of an array.</summary>
    public IEnumerable<DeclaredNode> Items()
    {
        if (Json.ValueKind != JsonValueKind.Array)
        {
            throw Wrong("must be a list");
        }

        int index = 0;
        foreach (JsonElement item in Json.EnumerateArray())
        {
            yield return this with { Json = item, Path = string.Create(CultureInfo.InvariantCulture, $"{Path}[{index++}]") };
        }
    }

    /// <summary>A text that is not blank.</summary>
    public string Text() =>
        IsText && Json.GetString() is { } text && !string.IsNullOrWhiteSpace(text) ? text : throw Wrong("must be a text, not blank");

    /// <summary>A text as it is, a number or true or false as it is written.</summary>
    public string Scalar() => IsText ? Json.GetString()!
        : Json.ValueKind is JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False ? Json.GetRawText()
        : throw Wrong("must be a text, a number, true or false");

    /// <summary>A whole number in a range, both ends included.</summary>
    public int Number(int least, int most) =>
        Json.ValueKind == JsonValueKind.Number && Json.TryGetInt32(out int number) && number >= least && number <= most
            ? number
            : throw Wrong(string.Create(CultureInfo.InvariantCulture, $"must be a whole number from {least} to {most}"));

    /// <summary>True or false.</summary>
    public bool Flag() =>
        Json.ValueKind is JsonValueKind.True or JsonValueKind.False ? Json.GetBoolean() : throw Wrong("must be true or false");

    /// <summary>One of some words.</summary>
    public T OneOf<T>(IReadOnlyDictionary<string, T> words) =>
        IsText && words.TryGetValue(Json.GetString()!, out T? value)
            ? value
            : throw Wrong($"must be one of {string.Join(", ", words.Keys)}");

    /// <summary>A length of time, such as <c>2s</c>, <c>1m</c>, <c>90d</c>.</summary>
    public TimeSpan Span()
    {
        if (IsText && Time.BarInterval.TryParse(Json.GetString(), out Time.BarInterval span) && span.IsFixed)
        {
            return span.Duration;
        }

        throw Wrong("must be a length of time: a number with s, m, h, d or w, such as 2s or 90d");
    }

    private static ReadOnlyMemory<byte> WithoutMark(ReadOnlyMemory<byte> text) =>
        text.Span.StartsWith("\uFEFF"u8) ? text[3..] : text;

    private JsonElement RequireObject() => Json.ValueKind == JsonValueKind.Object ? Json : throw Wrong("must be an object in braces");

    private DeclaredNode Child(string key, JsonElement value) =>
        this with { Json = value, Path = Path.Length == 0 ? key : $"{Path}.{key}" };
}
