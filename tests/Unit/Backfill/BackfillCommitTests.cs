using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.History;
using Qmtl.Time;

namespace Qmtl.Unit.Backfill;

/// <summary>How many bars a commit holds, and how many an engine holds altogether.</summary>
public sealed class BackfillCommitTests : BackfillEngineTestBase
{
    private const int Page = 100;

    private readonly TaskCompletionSource _release = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<int> _commits = [];
    private readonly List<long[]> _orders = [];

    [Fact]
    public async Task Pages_that_gathered_during_a_write_are_committed_together_and_in_order()
    {
        var store = new InMemoryHistoryStore { BarsPerWrite = 20_000, BeforeWrite = HoldFirstAsync };
        var late = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var fetcher = new ScriptedFetcher
        {
            BarsPerRequest = Page,
            Answer = async (range, call, honest, token) =>
            {
                await (range.Start == 60 * Page ? late.Task.WaitAsync(token) : Task.CompletedTask);
                if (call >= 50)
                {
                    late.TrySetResult();
                }

                return honest;
            },
        };
        Task<List<BackfillResult>> run = RunAsync(store, fetcher, 100 * Page);
        await UntilAsync(() => fetcher.Asked.Count == 100);
        _release.SetResult();

        // What four fetchers had in their hands may have come too late for the second commit.
        Assert.Equal(BackfillStatus.Completed, Assert.Single(await run).Status);
        Assert.Equal(100 * Page, _commits.Sum());
        Assert.InRange(_commits.Take(2).Sum(), 96 * Page, 100 * Page);
        Assert.All(_orders, order => Assert.Equal(order.Order(), order));
    }

    [Fact]
    public async Task A_commit_holds_no_more_than_the_store_likes_and_one_page()
    {
        var store = new InMemoryHistoryStore { BarsPerWrite = 1000, BeforeWrite = HoldFirstAsync };
        var fetcher = new ScriptedFetcher { BarsPerRequest = Page };
        Task<List<BackfillResult>> run = RunAsync(store, fetcher, 100 * Page);
        await UntilAsync(() => fetcher.Asked.Count > 10);
        _release.SetResult();

        Assert.Equal(100 * Page, Assert.Single(await run).BarsWritten);
        Assert.InRange(_commits.Max(), Page, 1000 + Page);
    }

    [Fact]
    public async Task No_commit_waits_for_bars_that_are_not_there()
    {
        var store = new InMemoryHistoryStore { BarsPerWrite = 1_000_000, BeforeWrite = (pages, _) => NoteAsync(pages) };
        var fetcher = new ScriptedFetcher
        {
            BarsPerRequest = Page,
            Answer = async (range, _, honest, token) =>
            {
                await (range.Start == 0 ? Task.CompletedTask : _release.Task.WaitAsync(token));
                return honest;
            },
        };
        Task<List<BackfillResult>> run = RunAsync(store, fetcher, 10 * Page);

        await UntilAsync(() => store.Stored(Stream).Length == Page);
        _release.SetResult();

        Assert.Equal(10 * Page, Assert.Single(await run).BarsWritten);
    }

    [Fact]
    public async Task While_a_store_takes_its_time_no_more_is_fetched_than_may_be_held()
    {
        var store = new InMemoryHistoryStore { BarsPerWrite = 1_000_000, BeforeWrite = HoldFirstAsync };
        var fetcher = new ScriptedFetcher { BarsPerRequest = Page };
        Task<List<BackfillResult>> run = RunAsync(store, fetcher, 1000 * Page, new BackfillOptions { MaxBufferedBars = 1000 });

        // A page counts for a little more than its bars, so seven of them fill a thousand.
        await UntilAsync(() => fetcher.Asked.Count == 7);
        _release.SetResult();

        Assert.Equal(1000 * Page, Assert.Single(await run).BarsWritten);
        Assert.InRange(_commits.Max(), Page, 7 * Page);
    }

    [Fact]
    public async Task A_page_larger_than_all_that_may_be_held_is_fetched_by_itself()
    {
        var store = new InMemoryHistoryStore { BeforeWrite = (pages, _) => NoteAsync(pages) };
        var fetcher = new ScriptedFetcher { BarsPerRequest = Page };

        List<BackfillResult> results = await RunAsync(store, fetcher, 20 * Page, new BackfillOptions { MaxBufferedBars = 1 });

        Assert.Equal((BackfillStatus.Completed, 20L * Page), (Assert.Single(results).Status, results[0].BarsWritten));
        Assert.All(_commits, bars => Assert.Equal(Page, bars));
    }

    [Fact]
    public async Task A_store_that_is_away_holds_up_no_stream_of_another()
    {
        var away = new InMemoryHistoryStore { BarsPerWrite = 1_000_000, BeforeWrite = HoldFirstAsync };
        var fetcher = new ScriptedFetcher { BarsPerRequest = Page };
        var engine = new BackfillEngine(new BackfillOptions { MaxBufferedBars = 1000 }, Clock);
        var range = new TimeRange(0, 60 * (50 * Page - 1));
        BackfillJob stuck = engine.Submit(new BackfillRequest(away, fetcher, Stream, [range]));
        await UntilAsync(() => fetcher.Asked.Count == 7);

        BackfillJob other = engine.Submit(new BackfillRequest(Store, fetcher, new StreamKey("ETHUSDT", Minute), [range]));
        await other.Completion.WaitAsync(TimeSpan.FromMinutes(2));

        Assert.Equal(50 * Page, Store.BarsWritten);
        Assert.False(stuck.Completion.IsCompleted);
        _release.SetResult();
        await engine.WaitAsync();
        Assert.Equal(50 * Page, away.BarsWritten);
    }

    [Fact]
    public async Task What_a_cancelled_stream_held_is_free_for_the_next()
    {
        using var cancellation = new CancellationTokenSource();
        var store = new InMemoryHistoryStore { BarsPerWrite = 1_000_000, BeforeWrite = (_, token) => _release.Task.WaitAsync(token) };
        var fetcher = new ScriptedFetcher { BarsPerRequest = Page };
        var engine = new BackfillEngine(new BackfillOptions { MaxBufferedBars = 1000 }, Clock);
        var request = new BackfillRequest(store, fetcher, Stream, [new TimeRange(0, 60 * (50 * Page - 1))]);
        BackfillJob cancelled = engine.Submit(request, cancellation.Token);
        await UntilAsync(() => fetcher.Asked.Count == 7);
        await cancellation.CancelAsync();
        await cancelled.Completion;

        // All of the bound again, not only the page that a stream may always have.
        engine.Submit(request);
        await UntilAsync(() => fetcher.Asked.Count == 14);
        _release.SetResult();
        await engine.WaitAsync();

        Assert.Equal(50 * Page, store.BarsWritten);
    }

    private Task<List<BackfillResult>> RunAsync(InMemoryHistoryStore store, ScriptedFetcher fetcher, int bars, BackfillOptions? options = null) =>
        new BackfillEngine(options, Clock).RunAsync([new BackfillRequest(store, fetcher, Stream, [new TimeRange(0, 60 * (bars - 1))])]).ToListAsync().AsTask();

    private async Task HoldFirstAsync(IReadOnlyList<BarPage> pages, CancellationToken cancellationToken)
    {
        await NoteAsync(pages);
        await _release.Task.WaitAsync(cancellationToken);
    }

    private Task NoteAsync(IReadOnlyList<BarPage> pages)
    {
        _commits.Add(pages.Sum(page => page.Frame.Count));
        _orders.Add([.. pages.Select(page => page.Frame.Timestamps[0])]);
        return Task.CompletedTask;
    }
}
