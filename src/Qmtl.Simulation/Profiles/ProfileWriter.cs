using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Qmtl.Simulation.Faults;
using Qmtl.Simulation.Markets;
using Qmtl.Time;

namespace Qmtl.Simulation.Profiles;

/// <summary>Writes candles, and a no, as the exchange of a profile does.</summary>
internal sealed class ProfileWriter
{
    private const string Rows = "$rows";

    private readonly JsonElement _profile;
    private readonly Manners _manners;
    private readonly string _shape;
    private readonly List<(string Field, string Means)> _fields = [];
    private readonly string _timeUnit;
    private readonly bool _isStampedAtClose;
    private readonly JsonElement _closedValue;
    private readonly string _envelope;

    public ProfileWriter(JsonElement profile, Manners manners)
    {
        (_profile, _manners) = (profile, manners);
        JsonElement rows = profile.GetProperty("rows");
        _shape = rows.GetProperty("shape").GetString()!;
        JsonElement time = rows.GetProperty("time");
        _timeUnit = time.GetProperty("unit").GetString()!;
        _isStampedAtClose = time.TryGetProperty("stamp", out JsonElement stamp) && stamp.GetString() == "close";
        _fields.Add((time.GetProperty("field").ToString(), "time"));
        _fields.AddRange(rows.GetProperty("columns").EnumerateObject().Select(column => (column.Value.ToString(), column.Name)));
        if (rows.TryGetProperty("closed", out JsonElement closed))
        {
            _fields.Add((closed.GetProperty("field").ToString(), "closed"));
            _closedValue = closed.GetProperty("equals");
        }

        _envelope = manners.Envelope ?? MakeEnvelope(rows.GetProperty("at"));
    }

    /// <summary>The body of an answer.</summary>
    /// <param name="candles">The candles, in the order in which they are given.</param>
    /// <param name="forming">The open of the bar that has not closed; null where there is none among them.</param>
    /// <param name="symbol">The symbol.</param>
    /// <param name="interval">The interval.</param>
    /// <param name="token">What asks for the rest; null where there is none.</param>
    /// <param name="fault">What is wrong with the rows; null for nothing.</param>
    public byte[] Write(
        IReadOnlyList<SimulatedCandle> candles, long? forming, string symbol, BarInterval interval, string? token, SimulatedFault? fault)
    {
        string envelope = candles.Count == 0 && _manners.EmptyAnswer is { } empty ? empty : _envelope;
        string text = envelope
            .Replace("$symbol", symbol, StringComparison.Ordinal)
            .Replace("$token", token is null ? "null" : $"\"{token}\"", StringComparison.Ordinal);
        if (!text.Contains(Rows, StringComparison.Ordinal))
        {
            return Encoding.UTF8.GetBytes(text);
        }

        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            Func<SimulatedCandle, string, string> value = (candle, means) => ValueOf(candle, means, interval, forming);
            if (_shape == "columns")
            {
                WriteColumns(writer, candles, value);
            }
            else
            {
                writer.WriteStartArray();
                for (int i = 0; i < candles.Count; i++)
                {
                    WriteRow(writer, candles[i], value, FaultyRows.DamageAt(fault, i));
                }

                writer.WriteEndArray();
            }
        }

        return Encoding.UTF8.GetBytes(text.Replace(Rows, Encoding.UTF8.GetString(buffer.WrittenSpan), StringComparison.Ordinal));
    }

    /// <summary>A no: the exchange's own where that is known, and otherwise one that the profile takes for it.</summary>
    public No NoOf(string meaning, No? known, string symbol)
    {
        if (known is not null)
        {
            return known with { Body = known.Body.Replace("$symbol", symbol, StringComparison.Ordinal) };
        }

        JsonElement error = _profile.TryGetProperty("errors", out JsonElement errors)
            ? errors.EnumerateArray().FirstOrDefault(entry => entry.GetProperty("means").GetString() == meaning)
            : default;
        if (error.ValueKind != JsonValueKind.Object)
        {
            return new No(meaning == "rateLimited" ? 429 : 400, "{}");
        }

        JsonNode? body = null;
        if (error.TryGetProperty("at", out JsonElement at))
        {
            JsonElement said = error.TryGetProperty("equals", out JsonElement equal) ? equal
                : error.TryGetProperty("contains", out JsonElement part) ? part : JsonElement.Parse("true");
            Put(ref body, at, 0, JsonNode.Parse(said.GetRawText()));
        }

        int status = error.TryGetProperty("status", out JsonElement given) ? given.GetInt32() : 400;
        return new No(status, body?.ToJsonString() ?? "{}");
    }

    // Around the rows only what the profile says that a good answer has.
    private string MakeEnvelope(JsonElement at)
    {
        JsonNode? body = null;
        Put(ref body, at, 0, JsonValue.Create(Rows));
        JsonElement ok = _profile.GetProperty("ok");
        if (ok.TryGetProperty("at", out JsonElement place))
        {
            Put(ref body, place, 0, ok.TryGetProperty("equals", out JsonElement good) ? JsonNode.Parse(good.GetRawText()) : "$symbol");
        }

        if (_profile.TryGetProperty("next", out JsonElement next))
        {
            Put(ref body, next.GetProperty("at"), 0, JsonValue.Create("$token"));
        }

        return body!.ToJsonString()
            .Replace($"\"{Rows}\"", Rows, StringComparison.Ordinal)
            .Replace("\"$token\"", "$token", StringComparison.Ordinal);
    }

    private static void Put(ref JsonNode? node, JsonElement path, int step, JsonNode? value)
    {
        // What lies inside the rows is there with them.
        if (step == path.GetArrayLength() || node is JsonValue)
        {
            node ??= value;
            return;
        }

        string name = path[step].ToString();
        if (int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int index))
        {
            JsonArray list = (node ??= new JsonArray()).AsArray();
            while (list.Count <= index)
            {
                list.Add(null);
            }

            JsonNode? item = list[index];
            list[index] = null;
            Put(ref item, path, step + 1, value);
            list[index] = item;
            return;
        }

        JsonObject members = (node ??= new JsonObject()).AsObject();
        name = name is "*" or "{symbol}" ? "$symbol" : name;
        JsonNode? member = members[name];
        members.Remove(name);
        Put(ref member, path, step + 1, value);
        members[name] = member;
    }

    private void WriteRow(Utf8JsonWriter writer, SimulatedCandle candle, Func<SimulatedCandle, string, string> value, RowDamage damage)
    {
        string Damaged(string means) => damage switch
        {
            RowDamage.WithoutOpenTime when means == "time" => "null",
            RowDamage.NullFields when means != "time" => "null",
            RowDamage.NotANumber when means == "close" => "\"NaN\"",
            _ => value(candle, means),
        };

        if (_shape == "objects")
        {
            writer.WriteStartObject();
            foreach ((string field, string means) in damage == RowDamage.Truncated ? _fields.Take(3) : _fields)
            {
                writer.WritePropertyName(field);
                writer.WriteRawValue(Damaged(means));
            }

            writer.WriteEndObject();
            return;
        }

        int most = _fields.Max(field => int.Parse(field.Field, CultureInfo.InvariantCulture)) + 1;
        int count = damage == RowDamage.Truncated ? 3 : Math.Max(most, _manners.FieldsOfRow ?? 0);
        writer.WriteStartArray();
        for (int i = 0; i < count; i++)
        {
            string index = i.ToString(CultureInfo.InvariantCulture);
            string? means = _fields.Find(field => field.Field == index).Means;
            writer.WriteRawValue(means is null ? "\"0\"" : Damaged(means));
        }

        writer.WriteEndArray();
    }

    private void WriteColumns(Utf8JsonWriter writer, IReadOnlyList<SimulatedCandle> candles, Func<SimulatedCandle, string, string> value)
    {
        writer.WriteStartObject();
        foreach ((string field, string means) in _fields)
        {
            writer.WriteStartArray(field);
            foreach (SimulatedCandle candle in candles)
            {
                writer.WriteRawValue(value(candle, means));
            }

            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }

    private string ValueOf(SimulatedCandle candle, string means, BarInterval interval, long? forming) => means switch
    {
        "time" => TimeOf(_isStampedAtClose ? interval.Next(candle.Timestamp) : candle.Timestamp),
        "closed" => candle.Timestamp == forming ? Opposite(_closedValue) : _closedValue.GetRawText(),
        "open" => Amount(candle.Open),
        "high" => Amount(candle.High),
        "low" => Amount(candle.Low),
        "close" => Amount(candle.Close),
        "volume" => Amount(candle.Volume),
        "quote_volume" => Amount(candle.QuoteVolume),
        "taker_buy_base_volume" => Amount(candle.TakerBaseVolume),
        "taker_buy_quote_volume" => Amount(candle.TakerQuoteVolume),
        "vwap" => Amount(candle.Volume == 0 ? 0 : (long)((decimal)candle.QuoteVolume * SimulatedCandle.Scale / candle.Volume)),
        "trades" => Text(candle.Trades.ToString(CultureInfo.InvariantCulture), _manners.HasCountsAsText),
        _ => Amount(candle.Trades * SimulatedCandle.Scale),
    };

    private string TimeOf(long seconds)
    {
        string text = _timeUnit switch
        {
            "iso" => DateTimeOffset.FromUnixTimeSeconds(seconds).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
            "s" => seconds.ToString(CultureInfo.InvariantCulture),
            "ms" => $"{seconds}000",
            "us" => $"{seconds}000000",
            _ => $"{seconds}000000000",
        };
        return Text(text, _manners.HasTimesAsText || _timeUnit == "iso");
    }

    private string Amount(long units) =>
        Text(((decimal)units / SimulatedCandle.Scale).ToString(CultureInfo.InvariantCulture), _manners.HasAmountsAsText);

    private static string Text(string value, bool isText) => isText ? $"\"{value}\"" : value;

    private static string Opposite(JsonElement closed) => closed.ValueKind switch
    {
        JsonValueKind.True => "false",
        JsonValueKind.False => "true",
        JsonValueKind.Number => "0",
        _ => closed.GetString() == "true" ? "\"false\"" : "\"0\"",
    };
}
