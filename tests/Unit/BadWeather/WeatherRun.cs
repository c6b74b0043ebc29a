using System.Collections.Concurrent;
using Microsoft.Extensions.Time.Testing;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.History;
using Qmtl.Time;
using Qmtl.Unit.Backfill;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.BadWeather;

/// <summary>
/// A backfill of one stream from a source with a few holes, into a store that something happens to. Time stands still: no
/// retry is made before a test lets the time pass.
/// </summary>
internal sealed class WeatherRun
{
    public const int BarsPerPage = 1000;

    private readonly FakeTimeProvider _clock = new(DateTimeOffset.FromUnixTimeSeconds(1_700_000_000));
    private readonly ConcurrentQueue<BackfillEvent> _events = new();
    private readonly ConcurrentDictionary<int, Func<Task>> _beforePages = new();
    private readonly Dictionary<int, TaskCompletionSource> _committed = [];
    private readonly TaskCompletionSource _retrying = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public WeatherRun(int bars = 4 * BarsPerPage, string nodeId = "BTCUSDT")
    {
        Stream = new StreamKey(nodeId, BarInterval.FromSeconds(60));
        Range = new TimeRange(0, 60 * (bars - 1));
        Source = new ScriptedFetcher { BarsPerRequest = BarsPerPage, Holes = [120, 180, 60 * 1500], Answer = AnswerAsync };
    }

    public StreamKey Stream { get; }

    public TimeRange Range { get; }

    public ScriptedFetcher Source { get; }

    /// <summary>Ends at the first retry; the retry itself waits for the clock.</summary>
    public Task Retrying => _retrying.Task;

    public int Retries => Delays.Count;

    /// <summary>How long was waited before each retry.</summary>
    public IReadOnlyList<TimeSpan> Delays => [.. _events.OfType<BackfillRetrying>().Select(said => said.Delay)];

    /// <summary>What was told of the store although nothing failed.</summary>
    public IReadOnlyList<string> Warnings => [.. _events.OfType<BackfillStoreWarning>().Select(said => said.Warning)];

    /// <summary>
    /// What happens just before the source answers the page of that number (from 1), when every page before it is committed.
    /// </summary>
    public void BeforePage(int number, Func<Task> weather)
    {
        Assert.True(_beforePages.TryAdd(number, weather));
        for (int page = 1; page < number; page++)
        {
            _committed.TryAdd(page, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }
    }

    /// <summary>Runs the backfill to its end, with time passing meanwhile.</summary>
    public Task<BackfillResult> RunAsync(IHistoryStore store, int maxRetries = 3) => EndAsync(Start(store, maxRetries));

    /// <summary>Starts the backfill; it goes on by itself, but for retries.</summary>
    public Task<BackfillResult> Start(IHistoryStore store, int maxRetries = 3)
    {
        var engine = new BackfillEngine(new BackfillOptions { ThrottleLimit = 1, MaxRetries = maxRetries }, _clock, OnEvent);
        BackfillJob job = engine.Submit(new BackfillRequest(store, Source, Stream, [Range]));
        return SingleAsync(job);
    }

    /// <summary>Lets the time pass until the backfill ends.</summary>
    public async Task<BackfillResult> EndAsync(Task<BackfillResult> run)
    {
        while (!run.IsCompleted)
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            await Task.WhenAny(run, Task.Delay(1));
        }

        return await run;
    }

    /// <summary>
    /// Runs once more, in fair weather, and checks that each bar is there once and right, and that nothing is left to ask.
    /// </summary>
    public async Task AssertRecoversAsync(IHistoryStore store)
    {
        BackfillResult result = await RunAsync(store);
        Assert.Null(result.Error);
        Assert.Equal(BackfillStatus.Completed, result.Status);
        Assert.Equal(0, result.BarsMissing);
        await AssertCompleteAsync(store);
    }

    /// <summary>Checks that each bar is there once and right, and that nothing is left to ask.</summary>
    public async Task AssertCompleteAsync(IHistoryStore store)
    {
        long next = Range.Start;
        await foreach (BarFrame frame in store.ReadAsync(Stream, Range))
        {
            foreach (BarRow row in frame.Rows)
            {
                next = SkipHoles(next);
                Assert.Equal(next, row.Timestamp);
                Assert.Equal(next, Convert.ToDouble(row["close"], null));
                next += Stream.Interval.Seconds;
            }
        }

        Assert.Equal(Range.End + Stream.Interval.Seconds, SkipHoles(next));
        Assert.Equal(
            new TimeRangeSet(Stream.Interval, Source.Holes.Where(hole => hole <= Range.End).Select(hole => new TimeRange(hole, hole))),
            await store.GetKnownEmptyAsync(Stream, Source.Name));
        int asked = Source.Asked.Count;
        Assert.Equal(BackfillStatus.Completed, (await RunAsync(store)).Status);
        Assert.Equal(asked, Source.Asked.Count);
    }

    /// <summary>
    /// Checks that the run failed with one clear error: what happened, where, and a way out; and that no secret is in anything it said.
    /// </summary>
    public void AssertFailed(BackfillResult result, IHistoryStore store, string what, string wayOut, bool isTransient = false)
    {
        Assert.Equal(BackfillStatus.Failed, result.Status);
        StoreException error = Assert.IsType<StoreException>(result.Error);
        foreach (string part in (string[])[store.Info.DisplayName, what, wayOut])
        {
            Assert.True(error.Message.Contains(part, StringComparison.Ordinal), $"'{part}' is not in: {error.Message}");
        }

        Assert.EndsWith(".", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
        Assert.Equal(isTransient, error.IsTransient);
        Assert.Equal(isTransient, Retries > 0);
        AssertNoSecrets(result);
    }

    /// <summary>Checks everything the run said for the server's password.</summary>
    public void AssertNoSecrets(BackfillResult result)
    {
        IEnumerable<string> texts = _events.Select(said => said.ToString())
            .Concat(_events.OfType<BackfillRetrying>().Select(said => said.Error.ToString()))
            .Append(result.ToString())
            .Append(result.Error?.ToString() ?? string.Empty);
        foreach (string text in texts)
        {
            Assert.DoesNotContain(PrivatePostgreSql.Password, text, StringComparison.Ordinal);
            Assert.DoesNotContain(Uri.EscapeDataString(PrivatePostgreSql.Password), text, StringComparison.Ordinal);
        }
    }

    private static async Task<BackfillResult> SingleAsync(BackfillJob job)
    {
        var results = new List<BackfillResult>();
        await foreach (BackfillResult result in job.ReadResultsAsync())
        {
            results.Add(result);
        }

        return Assert.Single(results);
    }

    private long SkipHoles(long timestamp)
    {
        while (Source.Holes.Contains(timestamp))
        {
            timestamp += Stream.Interval.Seconds;
        }

        return timestamp;
    }

    private async Task<RawBars> AnswerAsync(TimeRange range, int call, RawBars honest, CancellationToken cancellationToken)
    {
        if (_beforePages.TryRemove(call, out Func<Task>? weather))
        {
            await Task.WhenAll(Enumerable.Range(1, call - 1).Select(page => _committed[page].Task));
            await weather();
        }

        return honest;
    }

    private void OnEvent(BackfillEvent said)
    {
        _events.Enqueue(said);
        switch (said)
        {
            case BackfillRetrying:
                _retrying.TrySetResult();
                break;
            case BackfillPageCommitted committed when _committed.TryGetValue((int)(committed.Range.Start / 60 / BarsPerPage) + 1, out TaskCompletionSource? source):
                source.TrySetResult();
                break;
        }
    }
}
