using Microsoft.Extensions.Time.Testing;
using Qmtl.Backfill;
using Qmtl.Cluster;
using Qmtl.Cluster.Silo;
using Qmtl.Cluster.Wire;
using Qmtl.Simulation;
using Qmtl.Time;

namespace Qmtl.Unit.Cluster;

/// <summary>What a client makes of a member's work on a stream, while answers are lost and members die.</summary>
public sealed class ClusterStreamTests
{
    private const int BarsOfPage = 10;

    private static readonly BarInterval Minute = BarInterval.FromSeconds(60);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Each_page_is_told_once_and_counted_once_whatever_is_lost(int seed)
    {
        TimeRange[] ranges = [.. Enumerable.Range(0, 5).Select(static number => Bars(number * 1000, 200))];
        await using var members = new LossyMembers(new Random(seed));
        var told = new List<CommittedNews>();
        var results = new List<BackfillResult>();

        await RunAsync(members, ranges, told, results, members.Clock);

        Assert.Equal(ranges, results.Select(static result => result.Range).OrderBy(static range => range.Start));
        Assert.All(results, result =>
        {
            Assert.Equal(BackfillStatus.Completed, result.Status);
            CommittedNews[] pages = [.. told.Where(page => result.Range.Overlaps(new TimeRange(page.Start, page.End)))];
            Assert.Equal((pages.Sum(static page => page.BarsWritten), pages.Sum(static page => page.Requests)), (result.BarsWritten, result.Requests));
        });
        Assert.Equal(told.Count, told.Select(static page => page.Start).Distinct().Count());
        Assert.Equal(ranges.Sum(static range => range.CountBars(Minute)) / BarsOfPage, members.Stored.Count);
        Assert.True(members.Lost > 10);
    }

    [Fact]
    public async Task What_went_on_elsewhere_and_is_told_again_from_its_beginning_is_counted_once()
    {
        TimeRange range = Bars(0, 30);
        Guid piece = Guid.NewGuid();
        CommittedNews[] pages = [.. Enumerable.Range(0, 3).Select(number => Page(number * BarsOfPage) with { Work = piece, Number = number })];
        var told = new List<CommittedNews>();
        var results = new List<BackfillResult>();

        // The first member tells of two pages and dies; the next one finds the same work and has all of it in its result.
        await RunAsync(
            new ToldMembers([pages[0], pages[1]], [pages[0], pages[1], pages[2], Completed(range, bars: 30, requests: 3)]), [range], told, results);

        Assert.Equal(pages, told);
        Assert.Equal((30, 3, 0), (Assert.Single(results).BarsWritten, results[0].Requests, results[0].BarsMissing));
    }

    [Fact]
    public async Task An_outcome_that_comes_twice_ends_no_other_range()
    {
        TimeRange[] ranges = [Bars(0, 10), Bars(0, 20), Bars(100, 10)];
        var results = new List<BackfillResult>();

        await RunAsync(
            new ToldMembers(
            [
                Completed(ranges[2], bars: 1), Completed(ranges[2], bars: 2), Completed(Bars(0, 15), bars: 3), Completed(Bars(500, 1), bars: 4),
                Completed(ranges[0], bars: 5),
            ]),
            ranges,
            [],
            results);

        // The second range's last bars had not closed.
        Assert.Equal(
            [(ranges[2], 1), (Bars(0, 15), 3), (ranges[0], 5)],
            results.Select(static result => (result.Range, result.BarsWritten)));
    }

    [Fact]
    public async Task Work_goes_on_while_somebody_asks_and_stops_when_nobody_does_any_more()
    {
        var clock = new FakeTimeProvider();
        CancellationToken stopping = default;
        bool isAbandoned = false;
        var begun = new TaskCompletionSource();
        await using var run = new OrderRun(
            OrderOf([Bars(0, 10)]),
            async (tell, token) =>
            {
                stopping = token;
                begun.SetResult();
                await Task.Delay(Timeout.Infinite, token);
            },
            clock,
            _ => isAbandoned = true);
        await begun.Task;

        for (int times = 0; times < 3; times++)
        {
            clock.Advance(run.Patience - TimeSpan.FromSeconds(1));
            Assert.Equal(new OrderNews(run.Work, 0, [], false, null), run.Read(0) with { News = [] });
        }

        Assert.False(stopping.IsCancellationRequested);
        clock.Advance(run.Patience);
        Assert.True(stopping.IsCancellationRequested);
        Assert.True(isAbandoned);
    }

    private static TimeRange Bars(int first, int count) => new(60L * first, 60L * (first + count - 1));

    private static CommittedNews Page(int first) => new(60L * first, 60L * (first + BarsOfPage - 1), BarsOfPage, 0, BarsOfPage, 1);

    private static RangeNews Completed(TimeRange range, long bars, int requests = 0) =>
        new() { Start = range.Start, End = range.End, Status = BackfillStatus.Completed, BarsWritten = bars, Requests = requests };

    private static StreamOrder OrderOf(IEnumerable<TimeRange> ranges) => new()
    {
        Store = "store",
        Source = "source",
        SourceOfStream = "source/COIN",
        NodeId = "COIN",
        Interval = Minute.Number,
        Bounds = StreamOrder.BoundsOf(ranges),
        Options = "{}",
    };

    private static Task RunAsync(
        IOrderGrain members, TimeRange[] ranges, List<CommittedNews> told, List<BackfillResult> results, TimeProvider? clock = null) => new ClusterStream(
            members,
            OrderOf(ranges),
            "of the test",
            clock ?? TimeProvider.System,
            news => told.AddRange(news is CommittedNews page ? [page] : []),
            happened => results.AddRange(happened is BackfillRangeEnded ended ? [ended.Result] : [])).RunAsync(CancellationToken.None);

    // Each list of news is what one member tells before it is gone; the last one tells all.
    private sealed class ToldMembers(params StreamNews[][] lives) : IOrderGrain
    {
        private int _life = -1;
        private Guid _work;

        public ValueTask<OrderNews> BeginAsync(StreamOrder order)
        {
            (_life, _work) = (_life + 1, Guid.NewGuid());
            return ValueTask.FromResult(new OrderNews(_work, 0, lives[_life], false, null));
        }

        public ValueTask<OrderNews?> ReadAsync(Guid work, int seen) => ValueTask.FromResult(
            _life == lives.Length - 1 ? new OrderNews(_work, seen, [], true, null) : null);

        public ValueTask StopAsync(Guid order) => throw new NotSupportedException();
    }

    // Members with a store. Now and then one dies, and oftener a question or its answer is lost. A page is filled for each question that
    // comes: so there are as many questions as pages, however seldom whoever asks them has its turn.
    private sealed class LossyMembers(Random random) : IOrderGrain, IAsyncDisposable
    {
        private readonly SemaphoreSlim _questions = new(0);
        private OrderRun? _run;

        public AcceleratedClock Clock { get; } = new(DateTimeOffset.UnixEpoch, 50);

        public HashSet<long> Stored { get; } = [];

        public int Lost { get; private set; }

        public ValueTask<OrderNews> BeginAsync(StreamOrder order) => LoseAsync(async () =>
        {
            if (_run?.Order != order.Id)
            {
                await DisposeAsync();
                _run = new OrderRun(order, (tell, token) => FillAsync(order, tell, token), TimeProvider.System, static _ => { });
            }

            _questions.Release();
            return _run!.Read(0);
        });

        public ValueTask<OrderNews?> ReadAsync(Guid work, int seen) => LoseAsync(async () =>
        {
            _questions.Release();
            return _run is { } run && run.Work == work ? await run.ReadAsync(seen) : null;
        });

        public ValueTask StopAsync(Guid order) => throw new NotSupportedException();

        public async ValueTask DisposeAsync()
        {
            await (_run?.DisposeAsync() ?? ValueTask.CompletedTask);
            _run = null;
        }

        private async ValueTask<T> LoseAsync<T>(Func<Task<T>> answer)
        {
            int chance = random.Next(20);
            Lost += chance < 8 ? 1 : 0;
            if (chance == 0)
            {
                await DisposeAsync();
            }

            return chance < 4 ? throw new TimeoutException() : await answer() is var lost && chance < 8 ? throw new TimeoutException() : lost;
        }

        private async Task FillAsync(StreamOrder order, Action<StreamNews> tell, CancellationToken cancellationToken)
        {
            tell(new StartedNews(order.Source, order.Ranges.Count));
            foreach (TimeRange range in order.Ranges)
            {
                int written = 0;
                for (int first = (int)(range.Start / 60); 60L * first <= range.End; first += BarsOfPage)
                {
                    if (!Stored.Contains(first))
                    {
                        await _questions.WaitAsync(cancellationToken);
                        Stored.Add(first);
                        tell(Page(first));
                        written++;
                    }
                }

                tell(Completed(range, written * BarsOfPage, written));
            }
        }
    }
}
