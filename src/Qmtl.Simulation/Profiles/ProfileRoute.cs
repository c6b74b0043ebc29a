using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Qmtl.Simulation.Http;

namespace Qmtl.Simulation.Profiles;

/// <summary>What a request asks that a route of a profile describes.</summary>
internal sealed record ProfileQuestion(
    ProfileRoute Route, string Symbol, string Interval, long? First, long? Last, bool HoldsFirst, int? Count, string? Token)
    : Question(Symbol, Interval, Up(First), Last is { } last ? Math.DivRem(last, 1000).Quotient : null, Count ?? 0)
{
    private static long? Up(long? milliseconds) => milliseconds is { } first ? (first + 999) / 1000 : null;

    /// <summary>The first open that is asked for, in Unix milliseconds.</summary>
    public long? First { get; } = First;

    /// <summary>The last one.</summary>
    public long? Last { get; } = Last;

    /// <summary>Whether a key that the route wants is missing.</summary>
    public bool LacksKey { get; init; }

    /// <summary>What is wrong with the request, apart from symbol and interval; null for nothing.</summary>
    public string? Complaint { get; init; }
}

/// <summary>
/// A route of a profile, read backwards: its path, query, headers and body are not filled in but looked for in a request. It shares no code
/// with what fills them in.
/// </summary>
internal sealed partial class ProfileRoute
{
    private const string Symbol = "{symbol}";
    private const string Interval = "{interval}";

    private readonly Manners _manners;
    private readonly string? _tokenName;
    private readonly JsonElement _route;
    private readonly Regex _path;

    /// <param name="route">The route.</param>
    /// <param name="manners">How the exchange behaves.</param>
    /// <param name="tokenName">The parameter that asks for the rest of an answer; null where there is none.</param>
    public ProfileRoute(JsonElement route, Manners manners, string? tokenName)
    {
        (_route, _manners, _tokenName) = (route, manners, tokenName);
        string path = Regex.Escape(route.GetProperty("path").GetString()!)
            .Replace(@"\{symbol}", "(?<symbol>[^/]+)", StringComparison.Ordinal)
            .Replace(@"\{interval}", "(?<interval>[^/:]+)", StringComparison.Ordinal);
        _path = new Regex($@"\A{path}\z", RegexOptions.CultureInvariant);
        Method = route.TryGetProperty("method", out JsonElement method) ? method.GetString()! : "GET";
        MostRows = manners.MostRows ?? route.GetProperty("maxBars").GetInt32();
        Weight = route.TryGetProperty("weight", out JsonElement weight) ? weight.GetInt32() : 1;
        ReachInBars = manners.ReachInBars ?? (route.TryGetProperty("maxAgeBars", out JsonElement bars) ? bars.GetInt32() : null);
    }

    public string Method { get; }

    public int MostRows { get; }

    public int Weight { get; }

    public int? ReachInBars { get; }

    /// <summary>The limits of this route alone.</summary>
    public IReadOnlyList<ProfileLimit> Limits { get; init; } = [];

    /// <summary>What a request asks; null where it is none of this route.</summary>
    public ProfileQuestion? Read(LoopbackRequest request)
    {
        Match path = _path.Match(Uri.UnescapeDataString(request.Path));
        if (!path.Success || request.Method != Method)
        {
            return null;
        }

        var found = new Found();
        found.Add(Symbol, path.Groups["symbol"] is { Success: true } symbol ? symbol.Value : null);
        found.Add(Interval, path.Groups["interval"] is { Success: true } interval ? interval.Value : null);
        if (_route.TryGetProperty("query", out JsonElement query))
        {
            ReadQuery(query, request, found);
        }

        if (_route.TryGetProperty("body", out JsonElement body))
        {
            ReadBody(body, request, found);
        }

        bool lacksKey = _route.TryGetProperty("headers", out JsonElement headers)
            && headers.EnumerateObject().Any(header =>
                header.Value.GetString()!.Contains("{secret:", StringComparison.Ordinal) && request.Header(header.Name).Length == 0);
        return new ProfileQuestion(
            this,
            found.Texts.GetValueOrDefault(Symbol, string.Empty),
            found.Texts.GetValueOrDefault(Interval, string.Empty),
            found.First,
            found.Last,
            found.HoldsFirst,
            found.Count,
            _tokenName is null ? null : request.Parameters[_tokenName])
        {
            LacksKey = lacksKey,
            Complaint = found.Complaint,
        };
    }

    private void ReadQuery(JsonElement query, LoopbackRequest request, Found found)
    {
        foreach (JsonProperty parameter in query.EnumerateObject())
        {
            if (request.Parameters[parameter.Name] is { } value)
            {
                Read(parameter.Name, parameter.Value.GetString()!, value, found);
            }
            else
            {
                found.Complaint ??= $"{parameter.Name} is missing";
            }
        }

        string? stray = request.Parameters.AllKeys.FirstOrDefault(
            name => name != _tokenName && !query.TryGetProperty(name ?? string.Empty, out _));
        found.Complaint ??= stray is null ? null : $"{stray} is no parameter";
    }

    private void ReadBody(JsonElement template, LoopbackRequest request, Found found)
    {
        try
        {
            using var body = JsonDocument.Parse(request.Body);
            ReadValue(string.Empty, template, body.RootElement, found);
        }
        catch (JsonException)
        {
            found.Complaint = "the body is no JSON";
        }
    }

    private void ReadValue(string name, JsonElement template, JsonElement value, Found found)
    {
        if (template.ValueKind == JsonValueKind.String)
        {
            bool isNumber = template.GetString()!.Contains('#', StringComparison.Ordinal);
            found.Complaint ??= isNumber == (value.ValueKind == JsonValueKind.Number) ? null : $"{name} is of the wrong type";
            Read(name, template.GetString()!, value.ToString(), found);
            return;
        }

        if (template.ValueKind != JsonValueKind.Object)
        {
            found.Complaint ??= JsonElement.DeepEquals(template, value) ? null : $"{name} is wrong";
            return;
        }

        foreach (JsonProperty member in template.EnumerateObject())
        {
            if (value.ValueKind == JsonValueKind.Object && value.TryGetProperty(member.Name, out JsonElement inner))
            {
                ReadValue(member.Name, member.Value, inner, found);
            }
            else
            {
                found.Complaint ??= $"{member.Name} is missing";
            }
        }
    }

    private void Read(string name, string template, string value, Found found)
    {
        if (template is Symbol or Interval)
        {
            found.Add(template, value);
        }
        else if (TimeForm().Match(template) is { Success: true } time)
        {
            found.Add(name, value, _manners.Bounds.GetValueOrDefault(name) ?? Assumed(time));
        }
        else if (CountForm().IsMatch(template))
        {
            bool isCount = int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count > 0;
            found.Count = isCount ? count : null;
            found.Complaint ??= isCount ? null : $"{name} is no count";
        }
        else if (!template.Contains("{secret:", StringComparison.Ordinal) && value != template)
        {
            found.Complaint ??= $"{name} is {value}";
        }
        else if (name == "limit" && int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int most))
        {
            found.Count = most;
        }
    }

    // Of an exchange of which nothing is known: what the profile takes the parameter for. A second that is asked for before the next bar
    // is then the end itself.
    private static Bound Assumed(Match time)
    {
        bool hasOffset = time.Groups["offset"].Length > 0;
        BoundKind kind = time.Groups["name"].Value switch
        {
            "start" => time.Groups["offset"].Value.StartsWith('-') ? BoundKind.After : BoundKind.From,
            "end" => BoundKind.To,
            "next" => hasOffset ? BoundKind.To : BoundKind.Before,
            _ => BoundKind.After,
        };
        return new Bound(kind, time.Groups["unit"].Value);
    }

    [GeneratedRegex(@"\A\{(?<name>start|end|next|prev)(?<offset>[+-](?:[0-9]+|step))?:(?<unit>s|ms|us|ns|iso)#?\}\z")]
    private static partial Regex TimeForm();

    [GeneratedRegex(@"\A\{(?:count|limit)(?:[+-][0-9]+)?#?\}\z")]
    private static partial Regex CountForm();

    // What was found in a request so far.
    private sealed class Found
    {
        public Dictionary<string, string> Texts { get; } = [];

        public long? First { get; private set; }

        public long? Last { get; private set; }

        public bool HoldsFirst { get; private set; }

        public int? Count { get; set; }

        public string? Complaint { get; set; }

        public void Add(string placeholder, string? value)
        {
            if (value is not null)
            {
                Texts[placeholder] = value;
            }
        }

        public void Add(string name, string value, Bound bound)
        {
            if (Milliseconds(value, bound.Unit) is not { } time)
            {
                Complaint ??= $"{name} is no time in {bound.Unit}";
                return;
            }

            switch (bound.Kind)
            {
                case BoundKind.From or BoundKind.Holding:
                    (First, HoldsFirst) = (time, bound.Kind == BoundKind.Holding);
                    break;
                case BoundKind.After:
                    First = time + 1;
                    break;
                case BoundKind.To:
                    Last = time;
                    break;
                case BoundKind.Before:
                    Last = time - 1;
                    break;
            }
        }

        // A time of another unit lies far from any bar; no exchange knows what is meant.
        private static long? Milliseconds(string value, string unit)
        {
            if (unit == "iso")
            {
                bool isTime = DateTimeOffset.TryParseExact(
                    value, ["yyyy-MM-dd'T'HH:mm:ss'Z'", "yyyy-MM-dd'T'HH:mm:ss.fff'Z'"], CultureInfo.InvariantCulture,
                    DateTimeStyles.AssumeUniversal, out DateTimeOffset time);
                return isTime ? time.ToUnixTimeMilliseconds() : null;
            }

            if (!long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number))
            {
                return null;
            }

            long milliseconds = unit switch { "s" => number * 1000, "us" => number / 1000, "ns" => number / 1_000_000, _ => number };
            return milliseconds is > 946_684_800_000 and < 4_102_444_800_000 ? milliseconds : null;
        }
    }
}
