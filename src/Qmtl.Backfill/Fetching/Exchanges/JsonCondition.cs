using System.Text;
using System.Text.Json;

namespace Qmtl.Fetching.Exchanges;

/// <summary>Something that an answer says or does not say.</summary>
internal sealed record JsonCondition
{
    /// <summary>The HTTP status that it has; null for any.</summary>
    public int? Status { get; init; }

    /// <summary>Where the value stands that the other rules are about; null for the answer as a whole.</summary>
    public JsonPath? At { get; init; }

    /// <summary>What the value is. A number and its digits in a text are the same.</summary>
    public JsonElement? EqualTo { get; init; }

    /// <summary>
    /// A text that is in the value or, where <see cref="EqualTo"/> says all of that or there is none, anywhere in the answer; case does not
    /// count.
    /// </summary>
    public string? Contains { get; init; }

    /// <summary>Whether the value must be there, and not null.</summary>
    public bool Exists { get; init; }

    /// <summary>Whether the answer must be a list.</summary>
    public bool IsList { get; init; }

    /// <summary>Reads the rules that stand in <paramref name="node"/>; at least one of them must.</summary>
    public static JsonCondition Read(DeclaredNode node)
    {
        DeclaredNode? at = node.Optional("at");
        DeclaredNode? equals = node.Optional("equals");
        DeclaredNode? contains = node.Optional("contains");
        DeclaredNode? exists = node.Optional("exists");
        DeclaredNode? form = node.Optional("is");
        DeclaredNode? status = node.Optional("status");
        if (exists?.Flag() == false)
        {
            throw exists.Value.Wrong("can only be true. Leave it out, and say with 'equals' or 'contains' what the value is");
        }

        if (at is null && (equals ?? exists) is { } orphan)
        {
            throw orphan.Wrong("needs 'at' beside it, the place of the value that it is about");
        }

        if (at is not null && (equals ?? contains ?? exists) is null)
        {
            throw node.Wrong("needs 'equals', 'contains' or 'exists' beside 'at'");
        }

        if ((at ?? contains ?? form ?? status) is null)
        {
            throw node.Wrong("must say what it is about: 'at' with 'equals', 'contains' or 'exists', or 'is', or 'status'");
        }

        return new JsonCondition
        {
            Status = status?.Number(100, 599),
            At = at is { } path ? JsonPath.Read(path) : null,
            EqualTo = equals?.Json,
            Contains = contains?.Text(),
            Exists = exists?.Flag() ?? false,
            IsList = form?.OneOf(new Dictionary<string, bool> { ["array"] = true }) ?? false,
        };
    }

    /// <summary>Whether the answer keeps all of the rules. One that is no JSON has no values.</summary>
    public bool Holds(int status, ReadOnlySpan<byte> body) =>
        (Status is null || Status == status)
        && (!IsList || body.TrimStart(" \t\r\n"u8) is [(byte)'[', ..])
        && (At is not null ? HoldsAt(body) : Contains is null || Mentions(Encoding.UTF8.GetString(body)));

    private bool HoldsAt(ReadOnlySpan<byte> body)
    {
        try
        {
            var reader = new Utf8JsonReader(body);
            if (!At!.Seek(ref reader) || (reader.TokenType == JsonTokenType.Null && (Exists || Contains is not null)))
            {
                return false;
            }

            return EqualTo is { } expected
                ? IsEqual(ref reader, expected) && (Contains is null || Mentions(Encoding.UTF8.GetString(body)))
                : Contains is null || Mentions(JsonText.Of(ref reader));
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private bool Mentions(string text) => text.Contains(Contains!, StringComparison.OrdinalIgnoreCase);

    private static bool IsEqual(ref Utf8JsonReader reader, JsonElement expected)
    {
        if (expected.ValueKind is JsonValueKind.String or JsonValueKind.Number)
        {
            return reader.TokenType is JsonTokenType.String or JsonTokenType.Number && JsonText.Of(ref reader) == expected.ToString();
        }

        Utf8JsonReader copy = reader;
        return JsonElement.TryParseValue(ref copy, out JsonElement? value) && JsonElement.DeepEquals(value.Value, expected);
    }
}
