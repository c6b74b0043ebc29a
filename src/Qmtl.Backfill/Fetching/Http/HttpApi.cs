using Qmtl.Data;

namespace Qmtl.Fetching.Http;

/// <summary>What is particular to one API. All else about asking it is <see cref="HttpSource"/>'s matter.</summary>
internal sealed record HttpApi
{
    /// <summary>The answer's header that tells the weight of all requests in the last minute; null where there is none.</summary>
    public string? UsedWeightHeader { get; init; }

    /// <summary>
    /// What the API itself says no with; null where the answer says nothing of the kind. It is asked about every answer, those of
    /// status 200 too: some say no with it.
    /// </summary>
    public Func<HttpAnswer, StreamKey, HttpRefusal?> ReadRefusal { get; init; } = static (_, _) => null;

    /// <summary>What an operator can do about a refusal, where there is more to say than for any API.</summary>
    public IReadOnlyDictionary<RefusalMeaning, string> WaysOut { get; init; } = new Dictionary<RefusalMeaning, string>();
}

/// <summary>How long and how much is asked of a host.</summary>
/// <param name="RequestTimeout">How long one request may take, from its start to the last byte of its answer.</param>
/// <param name="LongestPause">The longest time to be left alone that requests wait for.</param>
/// <param name="WeightPerMinute">What all requests of a minute may cost.</param>
internal sealed record HttpLimits(TimeSpan RequestTimeout, TimeSpan LongestPause, int WeightPerMinute);
