using Qmtl.Backfill;

namespace Qmtl.Unit.Backfill;

public sealed class BarBudgetTests
{
    private readonly BarBudget _budget = new(100);

    [Fact]
    public async Task What_fits_is_taken_at_once_and_what_does_not_waits_until_there_is_room()
    {
        using BarBudget.Share share = _budget.OpenShare(1000);
        await share.TakeAsync(60, default);
        await share.TakeAsync(40, default);

        Task waiting = share.TakeAsync(50, default).AsTask();
        share.Return(40);
        Assert.False(waiting.IsCompleted);
        share.Return(60);

        await waiting.WaitAsync(TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task A_share_takes_no_more_than_its_own_limit()
    {
        using BarBudget.Share share = _budget.OpenShare(30);
        await share.TakeAsync(30, default);

        Task waiting = share.TakeAsync(1, default).AsTask();
        Assert.False(waiting.IsCompleted);
        share.Return(1);

        await waiting.WaitAsync(TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task Whoever_holds_nothing_gets_what_it_asks_for()
    {
        using BarBudget.Share first = _budget.OpenShare(1000);
        using BarBudget.Share second = _budget.OpenShare(1000);

        await first.TakeAsync(5000, default);
        await second.TakeAsync(1, default);

        Assert.False(second.TakeAsync(1, default).AsTask().IsCompleted);
    }

    [Fact]
    public async Task Whoever_has_given_everything_back_is_served_although_others_hold_all()
    {
        using BarBudget.Share greedy = _budget.OpenShare(1000);
        using BarBudget.Share modest = _budget.OpenShare(1000);
        await greedy.TakeAsync(99, default);
        await modest.TakeAsync(1, default);

        Task waiting = modest.TakeAsync(1, default).AsTask();
        Assert.False(waiting.IsCompleted);
        modest.Return(1);

        await waiting.WaitAsync(TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task Those_who_wait_are_served_in_turn()
    {
        using BarBudget.Share holder = _budget.OpenShare(1000);
        using BarBudget.Share first = _budget.OpenShare(1000);
        using BarBudget.Share second = _budget.OpenShare(1000);
        await first.TakeAsync(1, default);
        await second.TakeAsync(1, default);
        await holder.TakeAsync(98, default);
        Task firstWaits = first.TakeAsync(50, default).AsTask();
        Task secondWaits = second.TakeAsync(50, default).AsTask();

        holder.Return(50);
        await firstWaits.WaitAsync(TimeSpan.FromMinutes(1));
        Assert.False(secondWaits.IsCompleted);

        holder.Return(48);
        first.Return(2);
        await secondWaits.WaitAsync(TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task A_wait_that_is_cancelled_takes_nothing()
    {
        using var cancellation = new CancellationTokenSource();
        using BarBudget.Share share = _budget.OpenShare(1000);
        await share.TakeAsync(100, default);

        Task waiting = share.TakeAsync(1, cancellation.Token).AsTask();
        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        share.Return(100);
        await share.TakeAsync(100, default);
        Assert.False(share.TakeAsync(1, default).AsTask().IsCompleted);
    }

    [Fact]
    public async Task A_share_that_is_disposed_of_gives_everything_back()
    {
        using BarBudget.Share other = _budget.OpenShare(1000);
        await other.TakeAsync(10, default);
        Task waiting;
        using (BarBudget.Share share = _budget.OpenShare(1000))
        {
            await share.TakeAsync(70, default);
            await share.TakeAsync(20, default);
            waiting = other.TakeAsync(90, default).AsTask();
            Assert.False(waiting.IsCompleted);
        }

        await waiting.WaitAsync(TimeSpan.FromMinutes(1));
    }
}
