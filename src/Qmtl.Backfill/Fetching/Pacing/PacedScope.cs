namespace Qmtl.Fetching.Pacing;

/// <summary>
/// Counts all requests that limits of one scope are about. It is used under its <see cref="HostPacer"/>'s lock, and all times are by
/// that pacer's stopwatch.
/// </summary>
/// <remarks>
/// A request is counted from its start until a window's length after its answer came. It reached the host at some instant between, so
/// no window of the host's holds more than was counted here.
/// </remarks>
internal sealed class PacedScope
{
    // The first one only remembers: a limit that comes later finds there what went before it.
    private readonly List<PaceWindow> _windows = [new(TimeSpan.FromMinutes(1), countsRequests: false)];

    /// <summary>When the last request started, or had its time to start where it came a little late.</summary>
    public TimeSpan LastStart { get; private set; }

    /// <summary>What the requests cost that are under way.</summary>
    public Load InFlight { get; private set; }

    /// <summary>The window in which a limit of this scope counts.</summary>
    public PaceWindow WindowOf(RateLimit limit)
    {
        PaceWindow? window = _windows.Find(window => window.Per == limit.Per && window.CountsRequests == limit.CountsRequests);
        if (window is null)
        {
            window = new PaceWindow(limit.Per, limit.CountsRequests, _windows.MaxBy(other => other.Per)!);
            _windows.Add(window);
        }

        return window;
    }

    public void Start(int weight, TimeSpan at)
    {
        InFlight = InFlight.Plus(weight, 1);
        LastStart = at;
    }

    /// <summary>Takes note that the host has the request, or never will.</summary>
    public void Arrive(int weight, TimeSpan now)
    {
        InFlight = InFlight.Plus(-weight, -1);
        foreach (PaceWindow window in _windows)
        {
            window.Add(weight, now);
        }
    }
}

/// <summary>What requests cost, by their weight and by their number.</summary>
internal readonly record struct Load(long Weight, long Requests)
{
    public Load Plus(long weight, long requests) => new(Weight + weight, Requests + requests);
}

/// <summary>What has been used of one window that slides along with the time.</summary>
internal sealed class PaceWindow
{
    private const double FreeShare = 0.5;
    private const double UsableShare = 0.95;

    // Requests that follow each other within such a part of the window leave it together, so that only so many counts are kept.
    private const int Parts = 32;

    private readonly List<Part> _parts;
    private readonly TimeSpan _length;
    private long _byOthers;
    private TimeSpan _byOthersUntil;

    /// <param name="per">Its length.</param>
    /// <param name="countsRequests">Whether requests are counted in place of their weight.</param>
    /// <param name="before">A window that has counted the same requests so far; null where there were none.</param>
    public PaceWindow(TimeSpan per, bool countsRequests, PaceWindow? before = null)
    {
        (Per, CountsRequests) = (per, countsRequests);
        _parts = [.. before?._parts ?? []];

        // A window has two ends, and a request at each is one too many.
        _length = per + TimeSpan.FromMilliseconds(1);
    }

    public TimeSpan Per { get; }

    public bool CountsRequests { get; }

    /// <summary>What this process has used.</summary>
    public long Used(Load inFlight, TimeSpan now)
    {
        _parts.RemoveAll(part => part.Last + _length <= now);
        _byOthers = now < _byOthersUntil ? _byOthers : 0;
        return Amount(inFlight) + _parts.Sum(part => Amount(part.Load));
    }

    /// <summary>Counts a request that has arrived.</summary>
    public void Add(int weight, TimeSpan now)
    {
        if (_parts.Count > 0 && now - _parts[^1].First < Per / Parts)
        {
            _parts[^1] = _parts[^1] with { Last = now, Load = _parts[^1].Load.Plus(weight, 1) };
            return;
        }

        _parts.RemoveAll(part => part.Last + _length <= now);
        _parts.Add(new Part(now, now, new Load(weight, 1)));
    }

    /// <summary>
    /// Takes note of what the host says that others have used; it holds until it says otherwise, or its window has ended.
    /// </summary>
    public void AddOthers(long used, TimeSpan? ends, TimeSpan now)
    {
        _byOthers = used;
        _byOthersUntil = now + (ends < _length ? ends.Value : _length);
    }

    /// <summary>When a request may start, as far as is known now; <paramref name="now"/> or earlier where it may at once.</summary>
    /// <param name="cost">What it costs.</param>
    /// <param name="limit">What the window may hold.</param>
    /// <param name="inFlight">What is under way.</param>
    /// <param name="lastStart">When the last request started.</param>
    /// <param name="now">The time.</param>
    public TimeSpan Earliest(int cost, int limit, Load inFlight, TimeSpan lastStart, TimeSpan now)
    {
        long used = Used(inFlight, now) + _byOthers;
        if (used == 0 || used + cost <= limit * FreeShare)
        {
            return now;
        }

        // Up to each instant at which something leaves the window, what is free before it is spread evenly: with the request that
        // may follow at that instant there is one gap more than requests.
        double room = Math.Ceiling(limit * UsableShare) - used;
        TimeSpan? fits = room >= cost ? lastStart : null;
        TimeSpan spread = lastStart;
        TimeSpan last = now;
        foreach ((TimeSpan at, long leaving) in Leaving(inFlight, now))
        {
            TimeSpan even = lastStart + ((at - lastStart) * (cost / (Math.Max(0, room) + cost)));
            spread = even > spread ? even : spread;
            room += leaving;
            fits ??= room >= cost ? at : null;
            last = at;
        }

        // One that costs more than the limit goes when all others have left.
        TimeSpan hard = fits ?? last;
        return hard > spread ? hard : spread;
    }

    // What leaves the window and when, in order. Nobody knows when what is under way will, but not before a window's length.
    private List<(TimeSpan At, long Amount)> Leaving(Load inFlight, TimeSpan now)
    {
        List<(TimeSpan At, long Amount)> leaving = [.. _parts.Select(part => (part.Last + _length, Amount(part.Load)))];
        if (inFlight.Requests > 0)
        {
            leaving.Add((now + _length, Amount(inFlight)));
        }

        if (_byOthers > 0)
        {
            leaving.Insert(leaving.FindLastIndex(part => part.At <= _byOthersUntil) + 1, (_byOthersUntil, _byOthers));
        }

        return leaving;
    }

    private long Amount(Load load) => CountsRequests ? load.Requests : load.Weight;

    // The first and the last request of a part of the window.
    private readonly record struct Part(TimeSpan First, TimeSpan Last, Load Load);
}
