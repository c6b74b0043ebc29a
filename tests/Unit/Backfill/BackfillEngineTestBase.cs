using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.Time;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.Backfill;

/// <summary>An engine over a store in memory, with a clock that stands still until it is moved.</summary>
public abstract class BackfillEngineTestBase
{
    private readonly List<BackfillEvent> _events = [];

    protected static BarInterval Minute { get; } = BarInterval.FromSeconds(60);

    protected static StreamKey Stream { get; } = new("BTCUSDT", Minute);

    /// <summary>A time well after every bar of these tests, on the grid.</summary>
    protected WaitedClock Clock { get; } = new(DateTimeOffset.FromUnixTimeSeconds(1_700_000_000 / 60 * 60));

    private protected InMemoryHistoryStore Store { get; } = new();

    /// <summary>What happened so far.</summary>
    protected IReadOnlyList<BackfillEvent> Events
    {
        get
        {
            lock (_events)
            {
                return [.. _events];
            }
        }
    }

    protected static async Task UntilAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (!condition())
        {
            limit.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    /// <summary>Moves the clock on, whenever something waits for it, until the work is done.</summary>
    protected async Task AdvanceUntilAsync(Task running, TimeSpan step)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (!running.IsCompleted)
        {
            limit.Token.ThrowIfCancellationRequested();
            if (Clock.IsWaitedFor)
            {
                Clock.Advance(step);
            }

            await Task.Yield();
        }
    }

    protected async Task<BackfillResult> RunOneAsync(IDataFetcher fetcher, TimeRange range, BackfillOptions? options = null) =>
        Assert.Single(await RunAsync(fetcher, [range], options));

    protected async Task<List<BackfillResult>> RunAsync(
        IDataFetcher fetcher, IReadOnlyList<TimeRange> ranges, BackfillOptions? options = null, StreamKey? stream = null, CancellationToken cancellationToken = default)
    {
        var engine = new BackfillEngine(options, Clock, Note);
        var request = new BackfillRequest(Store, fetcher, stream ?? Stream, ranges);
        return await engine.RunAsync([request], cancellationToken).ToListAsync(CancellationToken.None);
    }

    private void Note(BackfillEvent happened)
    {
        lock (_events)
        {
            _events.Add(happened);
        }
    }
}
