using System.Globalization;
using System.Text.Json;
using Qmtl.Simulation.Http;

namespace Qmtl.Simulation.Profiles;

/// <summary>A limit that a profile names, as the exchange keeps and tells it.</summary>
internal sealed class ProfileLimit
{
    private readonly JsonElement _pace;
    private readonly int _most;
    private readonly bool _countsRequests;
    private readonly TimeSpan _per;
    private readonly WeightLimiter _limiter;
    private readonly TimeProvider _clock;

    private ProfileLimit(JsonElement pace, TimeProvider clock)
    {
        (_pace, _clock) = (pace, clock);
        _countsRequests = pace.TryGetProperty("requests", out JsonElement most);
        _most = (_countsRequests ? most : pace.GetProperty("weight")).GetInt32();
        _per = SpanOf(pace.GetProperty("per").GetString()!);
        _limiter = new WeightLimiter(_most, _per, int.MaxValue, TimeSpan.Zero, clock);
    }

    /// <summary>The limits under a key of a profile or a route: none or one.</summary>
    public static IReadOnlyList<ProfileLimit> Read(JsonElement owner, TimeProvider clock) =>
        owner.TryGetProperty("pace", out JsonElement pace) ? [new ProfileLimit(pace, clock)] : [];

    /// <summary>Counts a request, and adds what the answer tells of the limit.</summary>
    /// <returns>How long to stay away; null where the request may pass.</returns>
    public TimeSpan? Use(int weight, Dictionary<string, string> headers)
    {
        (int used, int status, TimeSpan retryAfter) = _limiter.Use(_countsRequests ? 1 : weight);
        Tell("used", used, headers);
        Tell("remaining", _most - used, headers);
        if (_pace.TryGetProperty("reset", out JsonElement reset))
        {
            TimeSpan left = status == 200 ? _per : retryAfter;
            DateTimeOffset end = _clock.GetUtcNow() + left;
            double number = reset.GetProperty("unit").GetString() switch
            {
                "epoch-s" => Math.Ceiling(end.ToUnixTimeMilliseconds() / 1000.0),
                "epoch-ms" => end.ToUnixTimeMilliseconds(),
                "s" => Math.Ceiling(left.TotalSeconds),
                _ => Math.Ceiling(left.TotalMilliseconds),
            };
            headers[reset.GetProperty("header").GetString()!] = number.ToString(CultureInfo.InvariantCulture);
        }

        return status == 200 ? null : retryAfter;
    }

    /// <summary>A length of time as profiles write it, such as 30s.</summary>
    public static TimeSpan SpanOf(string text)
    {
        double number = double.Parse(text[..^1], CultureInfo.InvariantCulture);
        return text[^1] switch
        {
            's' => TimeSpan.FromSeconds(number),
            'm' => TimeSpan.FromMinutes(number),
            'h' => TimeSpan.FromHours(number),
            _ => TimeSpan.FromDays(number),
        };
    }

    private void Tell(string key, int number, Dictionary<string, string> headers)
    {
        if (_pace.TryGetProperty(key, out JsonElement header))
        {
            headers[header.GetString()!] = number.ToString(CultureInfo.InvariantCulture);
        }
    }
}
