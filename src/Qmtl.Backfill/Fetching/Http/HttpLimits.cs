namespace Qmtl.Fetching.Http;

/// <summary>How long and how much is asked of a host.</summary>
/// <param name="RequestTimeout">How long one request may take, from its start to the last byte of its answer.</param>
/// <param name="LongestPause">The longest time to be left alone that requests wait for.</param>
/// <param name="WeightPerMinute">What all requests of a minute may cost.</param>
internal sealed record HttpLimits(TimeSpan RequestTimeout, TimeSpan LongestPause, int WeightPerMinute);
