using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Qmtl.Fetching.Exchanges;

/// <summary>
/// Where a value stands in an answer: names of members and indexes of lists, from the outside in. <c>*</c> is the first member that is a
/// list, and <c>{symbol}</c> the member that the symbol names.
/// </summary>
internal sealed class JsonPath
{
    private const string AnyList = "*";
    private const string OfSymbol = "{symbol}";

    private readonly byte[]?[] _names;
    private readonly string[] _steps;

    public JsonPath(params string[] steps)
    {
        _steps = steps;
        _names = Array.ConvertAll(steps, step => step is AnyList or OfSymbol ? null : Encoding.UTF8.GetBytes(step));
    }

    /// <summary>The path of what holds the symbol's member, where the path ends with that; null otherwise.</summary>
    public JsonPath? WithoutSymbol => _steps is [.. var before, OfSymbol] ? new JsonPath(before) : null;

    /// <summary>The path of a profile's key.</summary>
    public static JsonPath Read(DeclaredNode node) => new([.. node.Items().Select(step => step.Text())]);

    /// <summary>
    /// Moves a reader that stands before an answer to the first token of the value. False where there is none; then nothing can be read on.
    /// </summary>
    /// <exception cref="JsonException">The answer is no JSON as far as it was read.</exception>
    public bool Seek(ref Utf8JsonReader reader, string? symbol = null)
    {
        if (!reader.Read())
        {
            return false;
        }

        for (int i = 0; i < _steps.Length; i++)
        {
            bool found = reader.TokenType switch
            {
                JsonTokenType.StartObject => SeekMember(ref reader, i, symbol),
                JsonTokenType.StartArray => SeekItem(ref reader, _steps[i]),
                _ => false,
            };
            if (!found)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>As people write it, for example <c>$.result.list</c>.</summary>
    public override string ToString() => string.Concat(["$", .. _steps.Select(step => "." + step)]);

    private bool SeekMember(ref Utf8JsonReader reader, int step, string? symbol)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isNamed = _names[step] is { } name ? reader.ValueTextEquals(name)
                : _steps[step] == AnyList || (symbol is not null && reader.ValueTextEquals(symbol));
            reader.Read();
            if (isNamed && (_steps[step] != AnyList || reader.TokenType == JsonTokenType.StartArray))
            {
                return true;
            }

            reader.Skip();
        }

        return false;
    }

    private static bool SeekItem(ref Utf8JsonReader reader, string step)
    {
        if (!int.TryParse(step, NumberStyles.None, CultureInfo.InvariantCulture, out int index))
        {
            return false;
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (index-- == 0)
            {
                return true;
            }

            reader.Skip();
        }

        return false;
    }
}
