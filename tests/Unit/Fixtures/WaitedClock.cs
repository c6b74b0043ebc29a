using Microsoft.Extensions.Time.Testing;

namespace Qmtl.Unit.Fixtures;

/// <summary>
/// A clock that knows whether anybody waits for it. A test that moves it on only then cannot run ahead of the code it tests, however late a
/// thread of that code has its turn.
/// </summary>
public sealed class WaitedClock(DateTimeOffset start) : FakeTimeProvider(start)
{
    private int _waiting;

    /// <summary>Whether a timer is set.</summary>
    public bool IsWaitedFor => Volatile.Read(ref _waiting) > 0;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new CountedTimer(this, callback, state);
        timer.Start(base.CreateTimer(timer.OnDue, null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan), dueTime, period);
        return timer;
    }

    // Counts itself while it is set. A timer that repeats stays set when it is due, one that does not is done.
    private sealed class CountedTimer(WaitedClock clock, TimerCallback callback, object? state) : ITimer
    {
        private readonly Lock _lock = new();

        private ITimer? _inner;

        private bool _isSet;

        private bool _repeats;

        public void Start(ITimer inner, TimeSpan dueTime, TimeSpan period)
        {
            _inner = inner;
            Change(dueTime, period);
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (_lock)
            {
                _repeats = period != Timeout.InfiniteTimeSpan && period != TimeSpan.Zero;
                Set(dueTime != Timeout.InfiniteTimeSpan);
            }

            return _inner!.Change(dueTime, period);
        }

        public void OnDue(object? ignored)
        {
            lock (_lock)
            {
                Set(_repeats);
            }

            callback(state);
        }

        public void Dispose()
        {
            lock (_lock)
            {
                Set(false);
            }

            _inner!.Dispose();
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private void Set(bool set)
        {
            if (set != _isSet)
            {
                _isSet = set;
                Interlocked.Add(ref clock._waiting, set ? 1 : -1);
            }
        }
    }
}
