namespace Qmtl.Unit.Fixtures;

/// <summary>
/// A clock on which a test plays many tasks on one thread: it jumps from one timer that is due to the next, and whoever waited for it goes
/// on before the next one is looked at. So a day passes in no time, and each play of the same tasks is the same.
/// </summary>
public sealed class EventClock(DateTimeOffset start) : TimeProvider
{
    private readonly PriorityQueue<EventTimer, (long At, long Number)> _due = new();
    private long _ticks = start.UtcTicks;
    private long _number;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => new(_ticks, TimeSpan.Zero);

    public override long GetTimestamp() => _ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new EventTimer(this, () => callback(state));
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>How long has been played.</summary>
    public TimeSpan Elapsed => GetUtcNow() - start;

    /// <summary>Plays a task until it has ended, and throws what it threw.</summary>
    /// <exception cref="TimeoutException">It waits, and no timer is set.</exception>
    public void Play(Func<Task> begin) => Play(() => [begin()]);

    /// <summary>Plays tasks until all have ended, and throws what they threw.</summary>
    /// <exception cref="TimeoutException">They wait, and no timer is set.</exception>
    public void Play(Func<IEnumerable<Task>> begin)
    {
        // Whatever goes on after a timer goes on inside its callback, and nowhere else.
        SynchronizationContext? context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            Task all = Task.WhenAll(begin());
            while (!all.IsCompleted)
            {
                if (!_due.TryDequeue(out EventTimer? timer, out (long At, long Number) due))
                {
                    throw new TimeoutException("Everybody waits, and nobody for a timer.");
                }

                if (timer.Number == due.Number)
                {
                    _ticks = Math.Max(_ticks, due.At);
                    timer.OnDue();
                }
            }

            all.GetAwaiter().GetResult();
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(context);
        }
    }

    // One that does not repeat; nothing that is tested here needs another.
    private sealed class EventTimer(EventClock clock, Action onDue) : ITimer
    {
        /// <summary>The number of the instant that it is set for; what was set before that is void.</summary>
        public long Number { get; private set; }

        public void OnDue() => onDue();

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            Number = ++clock._number;
            if (dueTime != Timeout.InfiniteTimeSpan)
            {
                clock._due.Enqueue(this, (clock._ticks + dueTime.Ticks, Number));
            }

            return true;
        }

        public void Dispose() => Number = 0;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
