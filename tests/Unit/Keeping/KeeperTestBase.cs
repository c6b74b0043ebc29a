using System.Collections.Concurrent;
using Microsoft.Extensions.Time.Testing;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.History;
using Qmtl.Keeping;
using Qmtl.Time;
using Qmtl.Unit.EndToEnd;
using Qmtl.Unit.Fixtures;
using Qmtl.Unit.Logging;

namespace Qmtl.Unit.Keeping;

/// <summary>A keeper over simulated exchanges and a store in a folder, with a clock that is turned on only while nothing is under way.</summary>
public abstract class KeeperTestBase : IAsyncLifetime
{
    /// <summary>2024-01-01T00:00:00Z.</summary>
    protected const long NewYear = 1_704_067_200;

    private readonly TemporaryFolder _folder = new();
    private readonly ConcurrentQueue<KeepOutcome> _outcomes = new();
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    protected static BarInterval Minute { get; } = BarInterval.FromSeconds(60);

    private protected FakeTimeProvider Clock { get; } = new(DateTimeOffset.FromUnixTimeSeconds(NewYear + (12 * 3600) + 30));

    protected IReadOnlyCollection<KeepOutcome> Outcomes => _outcomes;

    private protected CollectingLoggerFactory Log { get; } = new();

    /// <summary>Told of each visit before it is noted here; null for nobody.</summary>
    private protected Action<KeepOutcome>? Listener { get; set; }

    protected string StorePath => _folder.File("bars.db");

    private protected HistoryKeeper? Keeper { get; private set; }

    private protected static StreamKey Key(string node) => new(node, Minute);

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
        _folder.Dispose();
    }

    private protected ChangingExchange StartExchange(params string[] symbols) => new(Clock, symbols);

    private protected KeptStore Store() => new() { Name = "main", Address = StorePath };

    private protected static KeptSource Source(ChangingExchange exchange, string name = "binance") => new()
    {
        Name = name,
        Kind = "binance",
        Options = new SourceOptions { BaseUri = exchange.BaseUri, Name = name },
    };

    private protected KeptStream Kept(string node, KeptSource source, long start = NewYear, int compare = 3, KeptStore? store = null) => new()
    {
        Stream = Key(node),
        Source = source,
        Store = store ?? Store(),
        Start = start,
        Compare = compare,
    };

    private protected static KeepDeclaration Declare(params KeptStream[] streams) => new()
    {
        Streams = streams,
        Options = new BackfillOptions { MaxRetries = 0 },
    };

    private protected HistoryKeeper Start(KeepDeclaration declaration)
    {
        Keeper = new HistoryKeeper(declaration, Clock, Listener + _outcomes.Enqueue, loggerFactory: Log);
        _running = Keeper.RunAsync(_stop.Token);
        return Keeper;
    }

    private protected async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running;
        if (Keeper is not null)
        {
            await Keeper.DisposeAsync();
        }
    }

    /// <summary>Lets the keeper do what is due, and turns the clock on by a second until something is so.</summary>
    private protected async Task UntilAsync(Func<bool> condition, int mostSeconds = 7200)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        for (int second = 0; !condition(); second++)
        {
            await RestAsync(condition, limit.Token);
            if (condition())
            {
                return;
            }

            Assert.True(second < mostSeconds, $"It had not come after {mostSeconds} seconds.");
            Clock.Advance(TimeSpan.FromSeconds(1));
        }
    }

    /// <summary>Turns the clock on, second by second.</summary>
    private protected async Task PassAsync(TimeSpan time)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        for (int second = 0; second < (int)time.TotalSeconds; second++)
        {
            await RestAsync(() => false, limit.Token);
            Clock.Advance(TimeSpan.FromSeconds(1));
        }

        await RestAsync(() => false, limit.Token);
    }

    private protected async Task<long[]> StoredAsync(string node)
    {
        await using IHistoryStore store = HistoryStoreFactory.Open(StorePath);
        return [.. (await store.GetCoverageAsync(Key(node))).SelectMany(range => Opens(range))];
    }

    private protected async Task<double> CloseOfAsync(string node, long open)
    {
        await using IHistoryStore store = HistoryStoreFactory.Open(StorePath);
        BarFrame frame = await store.ReadAsync(Key(node), new TimeRange(open, open)).FirstAsync();
        return (double)frame.Rows.Single()["close"]!;
    }

    private protected Task AssertCompleteAsync(ChangingExchange exchange, string node, long start, long end) =>
        StoredHistory.AssertCompleteAsync(StorePath, Key(node), exchange.Market(node), new TimeRange(start, end));

    private static IEnumerable<long> Opens(TimeRange range)
    {
        for (long open = range.Start; open <= range.End; open = Minute.Next(open))
        {
            yield return open;
        }
    }

    private async Task RestAsync(Func<bool> condition, CancellationToken limit)
    {
        while (!Keeper!.IsResting && !condition())
        {
            limit.ThrowIfCancellationRequested();
            await Task.Yield();
            if (_running.IsFaulted)
            {
                await _running;
            }
        }
    }
}
