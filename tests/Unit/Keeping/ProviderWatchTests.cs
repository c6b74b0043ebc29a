using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.Keeping;
using Qmtl.Time;
using Qmtl.Unit.Backfill;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.Keeping;

/// <summary>A stream of minutes that is kept while somebody waits; the clock stands at minute 100, and bar 99 is stored.</summary>
public class ProviderWatchTests : BackfillEngineTestBase
{
    private static readonly StreamKey Minutes = new("X", BarInterval.Parse("1m"));

    private readonly ScriptedFetcher _source = new();
    private readonly SharedList<string> _warnings = new();

    public ProviderWatchTests()
    {
        Store.Seed(Minutes, At(99));
    }

    [Fact]
    public async Task A_bar_is_asked_for_once_when_it_has_closed()
    {
        ValueTask<long> waiting = Watch(_source).WaitForBarAfterAsync(Minutes, At(99));
        Clock.Advance(TimeSpan.FromSeconds(61));
        Assert.Empty(_source.Asked);

        Assert.Equal(At(100), await FinishAsync(waiting));
        Assert.Equal(new TimeRange(At(100), At(100)), Assert.Single(_source.Asked));
        Assert.Equal([At(99), At(100)], Store.Stored(Minutes));
    }

    [Fact]
    public async Task What_has_closed_long_ago_is_brought_at_once_as_far_as_it_goes()
    {
        Clock.SetUtcNow(UnixTime.FromSeconds(At(200)));

        Assert.Equal(At(198), await Watch(_source).WaitForBarAfterAsync(Minutes, At(99)));
        Assert.Equal(100, Store.Stored(Minutes).Length);
    }

    [Fact]
    public async Task A_bar_that_the_source_has_later_is_asked_for_again()
    {
        Clock.SetUtcNow(UnixTime.FromSeconds(At(101) + 5));
        _source.Answer = (_, call, honest, _) => Task.FromResult(call < 3 ? RawBars.Empty : honest);

        Assert.True(await FinishAsync(Watch(_source, TimeSpan.FromDays(1)).WaitForBarAfterAsync(Minutes, At(99))) >= At(100));
        Assert.Contains(At(100), Store.Stored(Minutes));
    }

    [Fact]
    public async Task A_bar_that_does_not_exist_ends_the_wait_when_that_is_known()
    {
        _source.Holes.Add(At(100));

        Assert.True(await FinishAsync(Watch(_source).WaitForBarAfterAsync(Minutes, At(99))) >= At(100));
        Assert.DoesNotContain(At(100), Store.Stored(Minutes));
    }

    [Fact]
    public async Task A_source_that_is_down_is_told_once_and_asked_until_it_is_back()
    {
        _source.Answer = (_, call, honest, _) =>
            call < 6 ? throw new SourceException("The exchange is down.") { IsTransient = true } : Task.FromResult(honest);

        Assert.True(await FinishAsync(Watch(_source).WaitForBarAfterAsync(Minutes, At(99))) >= At(100));
        Assert.Contains("X 1m cannot be completed at present, and is asked for again until it can: The exchange is down.", Assert.Single(_warnings), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_provider_without_a_source_is_looked_at_until_somebody_has_filled_it()
    {
        ValueTask<long> waiting = Watch(source: null).WaitForBarAfterAsync(Minutes, At(99));
        for (int second = 0; second < 70; second++)
        {
            await UntilAsync(() => Clock.IsWaitedFor);
            Clock.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.False(waiting.IsCompleted);
        Store.Seed(Minutes, At(100), At(102));

        Assert.Equal(At(100), await FinishAsync(waiting));
        Assert.Empty(_warnings);
    }

    [Fact]
    public async Task A_stream_that_nobody_watches_is_refused_and_a_wait_can_be_cancelled()
    {
        ProviderWatch watch = Watch(_source);
        await Assert.ThrowsAsync<ArgumentException>(() => watch.WaitForBarAfterAsync(new StreamKey("Y", Minutes.Interval), 0).AsTask());
        using var stop = new CancellationTokenSource();
        ValueTask<long> waiting = watch.WaitForBarAfterAsync(Minutes, At(99), stop.Token);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.AsTask());
    }

    private static long At(int minute) => (28_333_233 + minute) * 60L;

    private ProviderWatch Watch(IDataFetcher? source, TimeSpan? settleTime = null)
    {
        var provider = new StoreHistoryProvider(Store, source, new BackfillOptions { MaxRetries = 0, SettleTime = settleTime }, Clock);
        return new ProviderWatch(new Dictionary<StreamKey, IHistoryProvider> { [Minutes] = provider }, Clock, null, _warnings.Add);
    }

    private async Task<long> FinishAsync(ValueTask<long> waiting)
    {
        Task<long> task = waiting.AsTask();
        await AdvanceUntilAsync(task, TimeSpan.FromSeconds(1));
        return await task;
    }
}
