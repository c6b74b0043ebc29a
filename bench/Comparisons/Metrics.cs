using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using Qmtl.Backfill;
using Qmtl.Bench.Data;
using Qmtl.Bench.Harness;
using Qmtl.Data;
using Qmtl.History;
using Qmtl.Metrics.Collection;
using Qmtl.Metrics.Serving;
using Qmtl.Telemetry;
using Qmtl.Time;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Bench.Comparisons;

/// <summary>What it costs to be watched: a backfill that is measured and scraped every second, and a scrape of many streams.</summary>
internal sealed class Metrics : IComparisonSet
{
    private const long Bars = 1_000_000;
    private const int Streams = 5_000;
    private const int Scrapes = 20;
    private const int RunsOfAFill = 4;

    private static readonly TimeSpan Allowed = TimeSpan.FromMilliseconds(25);

    private readonly TemporaryFolder _folder = new();
    private readonly HttpClient _client = new(new SocketsHttpHandler { AutomaticDecompression = System.Net.DecompressionMethods.None });
    private readonly MeterInstruments _many = new(new Meter("Many"), TimeProvider.System, QmtlMeter.SeriesLimit);
    private MetricsCollector? _manyCollector;
    private MetricsServer? _manyServer;
    private (TimeSpan Measuring, TimeSpan Fill)? _measured;
    private int _store;

    public string Name => "metrics";

    public Task<string?> PrepareAsync()
    {
        for (int i = 0; i < Streams; i++)
        {
            Measure(new StreamKey(string.Create(CultureInfo.InvariantCulture, $"SYMBOL{i}"), BarInterval.FromSeconds(60)));
        }

        _manyCollector = new MetricsCollector(_many, TimeProvider.System);
        _manyServer = MetricsServer.Start(_manyCollector, new MetricsServerOptions { Port = 0 });
        return Task.FromResult<string?>(null);
    }

    public IEnumerable<Comparison> Comparisons()
    {
        yield return new Comparison("1 M bars into SQLite, measured and scraped every second: processor time", "the same unmeasured", Goal.TimeAtMost(1.01), RunScrapedAsync, () => RunAsync(static _ => { }));
        yield return new Comparison("time that such a fill spends on measuring and on scrapes", "the whole fill", Goal.TimeAtMost(0.01), async () => (await TimeMeasuringAsync()).Measuring, async () => (await TimeMeasuringAsync()).Fill);
        yield return new Comparison("a scrape of 5,000 streams over HTTP", "25 ms", Goal.TimeAtMost(1), () => ScrapeAsync("identity"), () => Task.FromResult(Allowed));
        yield return new Comparison("the same, compressed", "25 ms", Goal.TimeAtMost(1), () => ScrapeAsync("gzip"), () => Task.FromResult(Allowed));
        yield return new Comparison("1 M measurements of the hot path", "1 s, a microsecond each", Goal.TimeAtMost(1), MeasureHotPathAsync, () => Task.FromResult(TimeSpan.FromSeconds(1)));
    }

    public async ValueTask DisposeAsync()
    {
        if (_manyServer is not null)
        {
            await _manyServer.DisposeAsync();
        }

        _manyCollector?.Dispose();
        _many.Meter.Dispose();
        _client.Dispose();
        _folder.Dispose();
    }

    private async Task<TimeSpan> RunScrapedAsync() => (await WhileScrapedAsync(() => RunAsync(QmtlMeter.Instruments.Backfills.Record))).Elapsed;

    // One percent is less than what two equal runs differ by, so what measuring takes is timed where it happens.
    // Both sides are of one run: who asks second is given what the first has left.
    private async Task<(TimeSpan Measuring, TimeSpan Fill)> TimeMeasuringAsync()
    {
        if (_measured is { } measured)
        {
            _measured = null;
            return measured;
        }

        long measuring = 0;
        (TimeSpan fill, TimeSpan scraping) = await WhileScrapedAsync(() => TimeFillAsync(happened =>
        {
            long started = Stopwatch.GetTimestamp();
            QmtlMeter.Instruments.Backfills.Record(happened);
            Interlocked.Add(ref measuring, Stopwatch.GetTimestamp() - started);
        }));
        _measured = (Stopwatch.GetElapsedTime(0, measuring) + scraping, fill);
        return _measured.Value;
    }

    private async Task<(TimeSpan Elapsed, TimeSpan Scraping)> WhileScrapedAsync(Func<Task<TimeSpan>> work)
    {
        using var collector = new MetricsCollector();
        await using MetricsServer server = MetricsServer.Start(collector, new MetricsServerOptions { Port = 0 });
        using var done = new CancellationTokenSource();
        Task<TimeSpan> scraping = ScrapeEverySecondAsync(server.Uri, done.Token);
        TimeSpan elapsed = await work();
        await done.CancelAsync();
        return (elapsed, await scraping);
    }

    private async Task<TimeSpan> ScrapeEverySecondAsync(Uri uri, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1));
        var total = new Stopwatch();
        do
        {
            total.Start();
            await _client.GetByteArrayAsync(uri, CancellationToken.None);
            total.Stop();
        }
        while (await WaitAsync(timer, cancellationToken));
        return total.Elapsed;
    }

    private static async Task<bool> WaitAsync(PeriodicTimer timer, CancellationToken cancellationToken)
    {
        try
        {
            return await timer.WaitForNextTickAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private async Task<TimeSpan> TimeFillAsync(Action<BackfillEvent> measure)
    {
        long started = Stopwatch.GetTimestamp();
        await FillAsync(measure);
        return Stopwatch.GetElapsedTime(started);
    }

    // The best of some runs: one percent is less than what chance adds to any one of them.
    private async Task<TimeSpan> RunAsync(Action<BackfillEvent> measure)
    {
        TimeSpan best = TimeSpan.MaxValue;
        for (int run = 0; run < RunsOfAFill; run++)
        {
            TimeSpan elapsed = await FillAsync(measure);
            best = elapsed < best ? elapsed : best;
        }

        return best;
    }

    private async Task<TimeSpan> FillAsync(Action<BackfillEvent> measure)
    {
        await using IHistoryStore store = HistoryStoreFactory.Open(_folder.File($"{_store++}.db"));
        var request = new BackfillRequest(store, SyntheticBars.Fetcher(1000), SyntheticBars.Stream, [SyntheticBars.RangeOf(Bars)]);

        // The processor's time, scrapes included: a hundredth of the clock's would drown in what else the machine does.
        TimeSpan started = Environment.CpuUsage.TotalTime;
        BackfillResult result = await new BackfillEngine(null, null, null, measure).RunAsync([request]).SingleAsync();
        TimeSpan elapsed = Environment.CpuUsage.TotalTime - started;
        return result.BarsWritten == Bars ? elapsed : throw new InvalidOperationException($"Wrote {result.BarsWritten} bars: {result.Error}");
    }

    private async Task<TimeSpan> ScrapeAsync(string encoding)
    {
        long started = Stopwatch.GetTimestamp();
        for (int i = 0; i < Scrapes; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, _manyServer!.Uri);
            request.Headers.AcceptEncoding.ParseAdd(encoding);
            using HttpResponseMessage response = await _client.SendAsync(request);
            await response.Content.ReadAsByteArrayAsync();
        }

        return Stopwatch.GetElapsedTime(started) / Scrapes;
    }

    private Task<TimeSpan> MeasureHotPathAsync()
    {
        var stream = new StreamKey("SYMBOL1", BarInterval.FromSeconds(60));
        BackfillEvent[] events =
        [
            new BackfillSourceAsked(stream, "binance", new TimeRange(60, 60), TimeSpan.FromSeconds(0.2), null),
            new BackfillPageCommitted(stream, new TimeRange(60, 60), 1000, 0, 1000, 60),
        ];
        Array.ForEach(events, _many.Backfills.Record);
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        long started = Stopwatch.GetTimestamp();
        for (int i = 0; i < 500_000; i++)
        {
            _many.Backfills.Record(events[0]);
            _many.Backfills.Record(events[1]);
        }

        TimeSpan elapsed = Stopwatch.GetElapsedTime(started);
        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        return allocated == 0 ? Task.FromResult(elapsed) : throw new InvalidOperationException($"The hot path allocated {allocated} bytes.");
    }

    private void Measure(StreamKey stream)
    {
        _many.Backfills.Record(new BackfillStarted(stream, "binance", 1));
        _many.Backfills.Record(new BackfillPlanned(stream, 1000, 1));
        _many.Backfills.Record(new BackfillPageCommitted(stream, new TimeRange(60, 60_000), 1000, 0, 1000, 60_000));
    }
}
