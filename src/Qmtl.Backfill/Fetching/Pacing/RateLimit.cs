namespace Qmtl.Fetching.Pacing;

/// <summary>
/// A limit that a host sets: what all requests may cost that arrive within any window of a length. Requests are spread so that no such
/// window, wherever it begins, ever holds more, so it is kept whether the host counts by its clock or by the time that has just passed.
/// Half of it may go at once; beyond that, requests are spread over what is left; the last twentieth is left to other programs behind
/// the same address. A request that costs more than the limit goes alone.
/// </summary>
public sealed record RateLimit
{
    private static readonly TimeSpan ShortestWindow = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan LongestWindow = TimeSpan.FromDays(1);

    // A window ends within its own length; this much more is left to clocks that differ.
    private static readonly TimeSpan ClockError = TimeSpan.FromMinutes(1);

    /// <summary>What the requests of a window may cost in all, from 1.</summary>
    public required int Weight
    {
        get;
        init => field = value >= 1 ? value : throw OutOfRange(nameof(Weight), value, "at least 1");
    }

    /// <summary>How long the window is: from a millisecond to a day.</summary>
    public required TimeSpan Per
    {
        get;
        init => field = value >= ShortestWindow && value <= LongestWindow
            ? value
            : throw OutOfRange(nameof(Per), value, "from a millisecond to a day");
    }

    /// <summary>Whether each request costs 1 here, whatever its weight.</summary>
    /// <value>False by default.</value>
    public bool CountsRequests { get; init; }

    /// <summary>
    /// What the limit holds for: null, as it is by default, for the whole host, or any text, such as a path, for the requests that have a
    /// limit of the same text. Requests of all sources of the process count together.
    /// </summary>
    public string? Scope { get; init; }

    /// <summary>
    /// The answer's header that tells the weight used in the window, as the host counts it: other programs behind the same address
    /// included. Null where there is none.
    /// </summary>
    public string? UsedHeader { get; init; }

    /// <summary>The answer's header that tells the weight that is left in the window; null where there is none.</summary>
    public string? RemainingHeader { get; init; }

    /// <summary>
    /// The answer's header that tells when the window ends; null where there is none. It is waited for where a request is refused without
    /// <c>Retry-After</c>. What is past, or later than the window can end (its length and a minute), is not believed.
    /// </summary>
    public string? ResetHeader { get; init; }

    /// <summary>What <see cref="ResetHeader"/> counts.</summary>
    /// <value>Seconds to go by default.</value>
    public ResetUnit ResetUnit { get; init; }

    internal int CostOf(RequestCost request) => CountsRequests ? 1 : request.Weight;

    /// <summary>The weight used in the window, as an answer tells it; null where it does not, or tells nonsense.</summary>
    internal long? ReadUsed(HttpResponseMessage response)
    {
        // Weight left that exceeds the limit, and a count beyond any, cost no more than a window's wait.
        double? used = RetryAfterHeader.ReadNumber(response, UsedHeader)
            ?? (Weight - RetryAfterHeader.ReadNumber(response, RemainingHeader));
        return used is { } weight ? (long)Math.Clamp(weight, 0, int.MaxValue) : null;
    }

    /// <summary>How long the window lasts from now on, as an answer tells it; null where it does not, or tells nonsense.</summary>
    /// <param name="response">The answer.</param>
    /// <param name="now">When it came. An instant in the header is compared with the host's own clock where it tells that.</param>
    internal TimeSpan? ReadReset(HttpResponseMessage response, DateTimeOffset now)
    {
        if (RetryAfterHeader.ReadNumber(response, ResetHeader) is not { } number)
        {
            return null;
        }

        bool isInstant = ResetUnit is ResetUnit.EpochSeconds or ResetUnit.EpochMilliseconds;
        double host = isInstant ? (response.Headers.Date ?? now).ToUnixTimeMilliseconds() : 0;
        bool isSeconds = ResetUnit is ResetUnit.EpochSeconds or ResetUnit.Seconds;

        // Hosts, and those who write profiles, take one unit for the other; a value that only fits the other one is of that.
        double longest = (Per + ClockError).TotalMilliseconds;
        double asDeclared = (isSeconds ? number * 1000 : number) - host;
        double asOther = (isSeconds ? number : number * 1000) - host;
        return asDeclared > 0 && asDeclared <= longest ? TimeSpan.FromMilliseconds(asDeclared)
            : asOther > 0 && asOther <= longest ? TimeSpan.FromMilliseconds(asOther)
            : null;
    }

    private static ArgumentOutOfRangeException OutOfRange(string name, object value, string range) =>
        new(name, value, $"{name} of a rate limit is {range}.");
}

/// <summary>What a header counts that tells when a window of a <see cref="RateLimit"/> ends.</summary>
public enum ResetUnit
{
    /// <summary>Seconds to go.</summary>
    Seconds,

    /// <summary>Milliseconds to go.</summary>
    Milliseconds,

    /// <summary>An instant in Unix seconds.</summary>
    EpochSeconds,

    /// <summary>An instant in Unix milliseconds.</summary>
    EpochMilliseconds,
}

/// <summary>What a request costs its host.</summary>
/// <param name="Weight">Its weight, from 1; 1 where a host counts requests.</param>
/// <param name="Limits">All limits that it has to keep to.</param>
public sealed record RequestCost(int Weight, IReadOnlyList<RateLimit> Limits);
