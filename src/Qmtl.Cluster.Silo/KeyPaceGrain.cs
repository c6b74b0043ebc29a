using Qmtl.Cluster.Wire;

namespace Qmtl.Cluster.Silo;

/// <inheritdoc cref="IKeyPaceGrain"/>
/// <remarks>
/// It remembers the last window's requests and nothing else. Where its member dies, the next one cannot know what was sent, and takes the
/// whole window for used.
/// </remarks>
[CollectionAgeLimit(AlwaysActive = true)]
internal sealed class KeyPaceGrain(TimeProvider timeProvider) : Grain, IKeyPaceGrain
{
    private readonly Queue<TimeSpan> _places = new();
    private readonly long _born = timeProvider.GetTimestamp();
    private TimeSpan _firstFree;

    /// <inheritdoc/>
    public ValueTask<TimeSpan> ReserveAsync(int requests, TimeSpan window)
    {
        TimeSpan now = timeProvider.GetElapsedTime(_born);
        if (_places.Count == 0)
        {
            // As if a whole window's requests had been sent just now, one after the other.
            _firstFree = window;
        }

        while (_places.Count > requests)
        {
            _places.Dequeue();
        }

        TimeSpan earliest = _places.Count == requests ? _places.Dequeue() + window : _firstFree;
        TimeSpan place = earliest > now ? earliest : now;
        _places.Enqueue(place);
        return ValueTask.FromResult(place - now);
    }
}
