namespace Qmtl.Telemetry.Progress;

/// <summary>
/// How fast something goes on, by what was done lately: over the last 20 seconds, or longer where less than eight
/// steps fall into them. So a source that turns slow shows soon, and a single slow or fast step hardly does. Not safe for use from several
/// threads.
/// </summary>
public sealed class RateEstimator
{
    private const int StepsKept = 8;

    private static readonly TimeSpan Window = TimeSpan.FromSeconds(20);

    // Steps closer than this count as one: pages committed together arrive in the same instant, and memory stays small.
    private static readonly TimeSpan Grain = TimeSpan.FromMilliseconds(250);

    // Before it a rate would be a guess from the first answer.
    private static readonly TimeSpan LeastTime = TimeSpan.FromSeconds(2);

    private readonly TimeProvider _timeProvider;
    private readonly Queue<Sample> _earlier = new();
    private Sample _last;
    private double _done;

    /// <summary>An estimator that begins now, with nothing done.</summary>
    /// <param name="timeProvider">The clock.</param>
    public RateEstimator(TimeProvider timeProvider)
    {
        ArgumentNullException.ThrowIfNull(timeProvider);
        _timeProvider = timeProvider;
        _last = new Sample(timeProvider.GetTimestamp(), 0);
    }

    /// <summary>
    /// Units done a second; null while it is not known: in the first two seconds, and before the first unit is done. It falls while the
    /// next step is overdue.
    /// </summary>
    public double? PerSecond => Measure() is { } pace ? pace.Done / pace.Seconds : null;

    /// <summary>Notes that <paramref name="units"/> more are done.</summary>
    public void Add(double units)
    {
        _done += units;
        long now = _timeProvider.GetTimestamp();
        if (_earlier.Count > 0 && _timeProvider.GetElapsedTime(_last.Timestamp, now) < Grain)
        {
            _last = _last with { Done = _done };
            return;
        }

        _earlier.Enqueue(_last);
        _last = new Sample(now, _done);

        // The second oldest is what would be measured from next.
        while (_earlier.Count > StepsKept && _timeProvider.GetElapsedTime(_earlier.ElementAt(1).Timestamp, now) >= Window)
        {
            _earlier.Dequeue();
        }
    }

    /// <summary>
    /// How long <paramref name="units"/> more will take at this rate; null while that is not known. Between two steps it counts down.
    /// </summary>
    public TimeSpan? TimeFor(double units)
    {
        if (units <= 0)
        {
            return TimeSpan.Zero;
        }

        double seconds = Measure() is { } pace ? (units * pace.Seconds / pace.Done) - pace.SinceLastStep : double.NaN;
        return seconds < TimeSpan.MaxValue.TotalSeconds / 2 ? TimeSpan.FromSeconds(Math.Max(0, seconds)) : null;
    }

    // Up to the last step, and beyond it only once the next one is overdue: a rate up to now would swing with every step.
    private Pace? Measure()
    {
        if (!_earlier.TryPeek(out Sample from) || _done <= from.Done || _timeProvider.GetElapsedTime(from.Timestamp) < LeastTime)
        {
            return null;
        }

        double span = _timeProvider.GetElapsedTime(from.Timestamp, _last.Timestamp).TotalSeconds;
        double usual = span / _earlier.Count;
        double since = _timeProvider.GetElapsedTime(_last.Timestamp).TotalSeconds;
        return new Pace(_done - from.Done, span + Math.Max(0, since - usual), Math.Min(since, usual));
    }

    private readonly record struct Pace(double Done, double Seconds, double SinceLastStep);

    private readonly record struct Sample(long Timestamp, double Done);
}
