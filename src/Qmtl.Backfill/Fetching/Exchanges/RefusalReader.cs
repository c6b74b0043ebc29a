using System.Globalization;
using System.Text.Json;
using Qmtl.Fetching.Http;
using Qmtl.Messages;

namespace Qmtl.Fetching.Exchanges;

/// <summary>How an exchange says no: what of its answers is a yes, and what its errors mean.</summary>
internal sealed class RefusalReader
{
    private const int LongestQuote = 300;

    private static readonly Dictionary<string, RefusalMeaning> Meanings = new()
    {
        ["rateLimited"] = RefusalMeaning.RateLimited,
        ["banned"] = RefusalMeaning.Banned,
        ["maintenance"] = RefusalMeaning.Maintenance,
        ["failing"] = RefusalMeaning.Failing,
        ["unknownSymbol"] = RefusalMeaning.UnknownSymbol,
        ["unknownInterval"] = RefusalMeaning.UnknownInterval,
        ["tooOld"] = RefusalMeaning.TooOld,
        ["badRequest"] = RefusalMeaning.BadRequest,
        ["needsKey"] = RefusalMeaning.NeedsKey,
        ["blockedLocation"] = RefusalMeaning.BlockedLocation,
        ["blockedAddress"] = RefusalMeaning.BlockedAddress,
    };

    private readonly JsonCondition _ok;
    private readonly JsonCondition? _not;
    private readonly List<(JsonCondition When, RefusalMeaning Means, JsonPath? UntilAt, string? UntilAfter)> _errors = [];
    private readonly List<JsonPath> _says;
    private readonly HashSet<int> _finalStatuses;
    private readonly SymbolForm _symbol;

    private RefusalReader(DeclaredNode profile, SymbolForm symbol)
    {
        DeclaredNode ok = profile.Required("ok").Only("at", "equals", "contains", "exists", "is", "not");
        _ok = JsonCondition.Read(ok);
        _not = ok.Optional("not") is { } not ? JsonCondition.Read(not.Only("at", "equals", "contains", "exists")) : null;
        foreach (DeclaredNode error in profile.Optional("errors")?.Items() ?? [])
        {
            error.Only("status", "at", "equals", "contains", "exists", "means", "until");
            DeclaredNode? until = error.Optional("until")?.Only("at", "after");
            _errors.Add((
                JsonCondition.Read(error), error.Required("means").OneOf(Meanings),
                until is { } place ? JsonPath.Read(place.Required("at")) : null, until?.Optional("after")?.Text()));
        }

        _says = [.. profile.Optional("says")?.Items().Select(JsonPath.Read) ?? []];
        _finalStatuses = [.. profile.Optional("errorStatusIsFinal")?.Items().Select(static status => status.Number(400, 599)) ?? []];
        _symbol = symbol;
    }

    /// <summary>The words for meanings in a profile.</summary>
    public static IReadOnlyDictionary<string, RefusalMeaning> Words => Meanings;

    /// <summary>Reads the parts of a profile that say what is a yes and what errors mean.</summary>
    /// <exception cref="ArgumentException">Something of them is wrong.</exception>
    public static RefusalReader Read(DeclaredNode profile, SymbolForm symbol) => new(profile, symbol);

    /// <summary>What an answer says no with; null where it is a yes, or where its status or its form tells all that can be told.</summary>
    /// <exception cref="JsonException">It is neither a yes nor any word of the exchange's.</exception>
    public HttpRefusal? Read(HttpAnswer answer, string symbol)
    {
        ReadOnlySpan<byte> body = answer.Body;
        if (answer.Status == 200 && _ok.Holds(200, body) && _not?.Holds(200, body) != true)
        {
            return null;
        }

        if (answer.Status is > 200 and < 400)
        {
            return null;
        }

        foreach ((JsonCondition when, RefusalMeaning means, JsonPath? untilAt, string? untilAfter) in _errors)
        {
            if (when.Holds(answer.Status, body))
            {
                return Refusal(body, means, symbol) with { Until = untilAt is null ? null : ReadUntil(body, untilAt, untilAfter) };
            }
        }

        // A web page, or half an answer, is no word of the exchange's own.
        if (!IsJson(body) || !SaysSomething(body))
        {
            return answer.Status == 200 ? throw new JsonException("The answer is not what the exchange answers.") : null;
        }

        return _finalStatuses.Contains(answer.Status) ? Refusal(body, RefusalMeaning.BadRequest, symbol) : Refusal(body, null, symbol);
    }

    private HttpRefusal Refusal(ReadOnlySpan<byte> body, RefusalMeaning? meaning, string symbol) => new(Said(body), meaning)
    {
        WayOut = meaning == RefusalMeaning.UnknownSymbol ? SymbolWayOut(symbol) : null,
    };

    // The exchange's own words where the profile tells where they are, and otherwise what it answered.
    private string Said(ReadOnlySpan<byte> body)
    {
        List<string> words = [];
        foreach (JsonPath place in _says)
        {
            if (JsonText.At(body, place) is { Length: > 0 } word)
            {
                words.Add(word);
            }
        }

        return _says.Count > 0
            ? string.Join(' ', words)
            : PlainText.OneLine(System.Text.Encoding.UTF8.GetString(body[..Math.Min(body.Length, 4 * LongestQuote)]), LongestQuote);
    }

    private string SymbolWayOut(string symbol)
    {
        (string form, string right) = _symbol.Case switch
        {
            SymbolCase.Upper => ("capital", symbol.ToUpperInvariant()),
            SymbolCase.Lower => ("small", symbol.ToLowerInvariant()),
            _ => (string.Empty, symbol),
        };
        string example = right == symbol
            ? $"for example {_symbol.Example}."
            : $"in {form} letters. Did you mean {PlainText.OneLine(right, 60)}?";
        return $"Write the symbol as the exchange lists it, {example}";
    }

    // Where the profile does not tell where the exchange's words are, anything but an empty answer is some.
    private bool SaysSomething(ReadOnlySpan<byte> body) => _says.Count == 0
        ? body.Trim(" \t\r\n"u8) is [(byte)'{' or (byte)'[', _, _, ..]
        : Said(body).Length > 0;

    private static bool IsJson(ReadOnlySpan<byte> body)
    {
        try
        {
            var reader = new Utf8JsonReader(body);
            reader.Read();
            reader.Skip();
            return !reader.Read();
        }
        catch (JsonException)
        {
            return false;
        }
    }

    // "… IP banned until 1700000000000. Please use …": milliseconds, and in some answers seconds.
    private static DateTimeOffset? ReadUntil(ReadOnlySpan<byte> body, JsonPath place, string? after)
    {
        string text = JsonText.At(body, place) ?? string.Empty;
        int from = after is null ? 0 : text.IndexOf(after, StringComparison.OrdinalIgnoreCase);
        if (from < 0)
        {
            return null;
        }

        string digits = string.Concat(text.Skip(from + (after?.Length ?? 0)).SkipWhile(char.IsWhiteSpace).TakeWhile(char.IsAsciiDigit));
        if (!long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out long number) || digits.Length is < 10 or > 14)
        {
            return null;
        }

        return digits.Length == 10 ? DateTimeOffset.FromUnixTimeSeconds(number) : DateTimeOffset.FromUnixTimeMilliseconds(number);
    }
}

/// <summary>How an exchange spells its symbols.</summary>
/// <param name="Example">A symbol.</param>
/// <param name="Case">What its letters are.</param>
internal sealed record SymbolForm(string Example, SymbolCase Case);

/// <summary>What the letters of symbols are.</summary>
internal enum SymbolCase
{
    /// <summary>Capital and small ones.</summary>
    Keep,

    /// <summary>Capital ones.</summary>
    Upper,

    /// <summary>Small ones.</summary>
    Lower,
}
