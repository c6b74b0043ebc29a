using Qmtl.History;
using Qmtl.History.QuestDb;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.History.QuestDb;

public sealed class WalWaitTests
{
    private readonly WaitedClock _clock = new(DateTimeOffset.UnixEpoch);

    [Fact]
    public async Task A_table_without_a_log_is_not_waited_for() => await Wait(() => null);

    [Fact]
    public async Task What_is_applied_is_not_waited_for() => await Wait(() => new WalState(5, 5, false, string.Empty));

    [Fact]
    public async Task The_wait_ends_when_what_was_committed_at_its_beginning_is_applied()
    {
        long applied = 3;
        int asked = 0;
        Task wait = Wait(() => new WalState(applied, asked++ == 0 ? 5 : 9, false, string.Empty));
        Assert.False(wait.IsCompleted);

        applied = 4;
        await AdvanceAsync();
        Assert.False(wait.IsCompleted);

        applied = 5;
        await AdvanceAsync();
        await wait.WaitAsync(TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task A_table_that_is_suspended_is_an_error_with_the_reason_and_the_way_out()
    {
        StoreException error = await Assert.ThrowsAsync<StoreException>(() => Wait(() => new WalState(3, 5, true, "DISK FULL: could not write")));
        Assert.Contains("'bars' in store is suspended", error.Message, StringComparison.Ordinal);
        Assert.Contains("(DISK FULL: could not write)", error.Message, StringComparison.Ordinal);
        Assert.Contains("ALTER TABLE \"bars\" RESUME WAL", error.Message, StringComparison.Ordinal);
        Assert.False(error.IsTransient);
    }

    [Fact]
    public async Task A_table_that_gets_nowhere_is_a_passing_error()
    {
        Task wait = Wait(() => new WalState(3, 5, false, string.Empty));
        while (!wait.IsCompleted)
        {
            if (_clock.IsWaitedFor)
            {
                _clock.Advance(TimeSpan.FromSeconds(20));
            }

            await Task.Yield();
        }

        Assert.True((await Assert.ThrowsAsync<StoreException>(() => wait)).IsTransient);
    }

    [Fact]
    public async Task A_wait_can_be_cancelled()
    {
        using var cancellation = new CancellationTokenSource();
        Task wait = Wait(() => new WalState(3, 5, false, string.Empty), cancellation.Token);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wait);
    }

    private Task Wait(Func<WalState?> read, CancellationToken cancellationToken = default) =>
        WalWait.UntilReadableAsync(_ => Task.FromResult(read()), "bars", "store", _clock, cancellationToken);

    // By more than the longest delay between two questions, once the one before has been asked.
    private async Task AdvanceAsync()
    {
        while (!_clock.IsWaitedFor)
        {
            await Task.Yield();
        }

        _clock.Advance(TimeSpan.FromSeconds(1));
    }
}
