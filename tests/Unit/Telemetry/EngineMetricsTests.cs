using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.Fetching.Pacing;
using Qmtl.Metrics.Collection;
using Qmtl.Time;
using Qmtl.Unit.Backfill;

namespace Qmtl.Unit.Telemetry;

/// <summary>The real engine on the process's own meter. Each test has a stream that no other one has.</summary>
public sealed class EngineMetricsTests : BackfillEngineTestBase, IDisposable
{
    private readonly StreamKey _stream = new($"metrics-{Guid.NewGuid():n}", Minute);
    private readonly MetricsCollector _collector = new();

    public void Dispose() => _collector.Dispose();

    [Fact]
    public async Task Every_engine_is_measured()
    {
        var source = new ScriptedFetcher { Name = _stream.NodeId, Holes = [120] };
        await RunAsync(source, [new TimeRange(60, 600)], stream: _stream);

        Assert.Equal(600, Value("backfill_last_timestamp"));
        Assert.Equal(9, Value("backfill_bars_written_total"));
        Assert.Equal(1, Value("backfill_bars_empty_total"));
        Assert.Equal(0, Value("backfill_gap_bars_remaining"));
        Assert.Equal(0, Value("backfill_retry_total"));
        Assert.Equal(0, Value("backfill_failure_total"));
        Assert.Contains(_collector.Collect().Single(family => family.Name == "backfill_request_duration_seconds").Points, point => point.Labels[0].Value == _stream.NodeId);
    }

    [Fact]
    public async Task Retries_and_a_failure_are_counted_and_the_bars_stay_missing()
    {
        var source = new ScriptedFetcher { Answer = (_, _, _, _) => throw new SourceException("down") { IsTransient = true } };
        Task running = RunAsync(source, [new TimeRange(60, 600)], stream: _stream);
        await AdvanceUntilAsync(running, TimeSpan.FromSeconds(1));

        Assert.Equal(3, Value("backfill_retry_total"));
        Assert.Equal(1, Value("backfill_failure_total"));
        Assert.Equal(10, Value("backfill_gap_bars_remaining"));
        Assert.Null(Value("backfill_last_timestamp"));
    }

    [Fact]
    public async Task A_hole_that_one_run_left_holds_the_last_timestamp_back_until_another_fills_it()
    {
        bool isClosed = true;
        var source = new ScriptedFetcher
        {
            Name = _stream.NodeId,
            BarsPerRequest = 5,
            Answer = (range, _, honest, _) => isClosed && range.Start == 6360 ? throw new SourceException("closed") : Task.FromResult(honest),
        };

        var seen = new List<double?>();
        foreach (TimeRange range in new TimeRange[] { new(6060, 6600), new(6660, 7200), new(3060, 3600), new(6060, 6300) })
        {
            await RunAsync(source, [range], stream: _stream);
            seen.Add(Value("backfill_last_timestamp"));
        }

        isClosed = false;
        await RunAsync(source, [new TimeRange(6060, 6600)], stream: _stream);
        seen.Add(Value("backfill_last_timestamp"));

        Assert.Equal([6300, 6300, 6300, 6300, 7200], seen);
    }

    [Fact]
    public async Task A_hole_in_an_earlier_range_takes_the_last_timestamp_back_to_it()
    {
        var source = new ScriptedFetcher { Name = _stream.NodeId };
        await RunAsync(source, [new TimeRange(6060, 6600)], stream: _stream);
        source.Answer = (_, _, _, _) => throw new SourceException("closed");
        await RunAsync(source, [new TimeRange(3060, 6600)], stream: _stream);

        Assert.Equal(3000, Value("backfill_last_timestamp"));
    }

    [Fact]
    public async Task A_job_is_in_progress_while_its_source_is_asked()
    {
        var asked = new TaskCompletionSource();
        var release = new TaskCompletionSource();
        var source = new ScriptedFetcher
        {
            Answer = async (_, _, honest, _) =>
            {
                asked.SetResult();
                await release.Task;
                return honest;
            },
        };
        Task running = RunAsync(source, [new TimeRange(60, 600)], stream: _stream);
        await asked.Task;

        // Other tests of this process may have jobs, too.
        Assert.True(_collector.Collect().Single(family => family.Name == "backfill_jobs_in_progress").Points.Single().Value >= 1);
        Assert.Equal(10, Value("backfill_gap_bars_remaining"));
        release.SetResult();
        await running;
        Assert.Equal(0, Value("backfill_gap_bars_remaining"));
    }

    [Fact]
    public async Task Waits_for_a_hosts_limits_are_counted()
    {
        string host = $"http://{_stream.NodeId}.example:80";
        HostPacer pacer = HostPacer.For(new Uri(host), Clock);
        pacer.Pause(TimeSpan.FromSeconds(3));
        Task<HostPacer.Turn> turn = pacer.WaitAsync(new(1, []), TimeSpan.FromMinutes(1), null, CancellationToken.None).AsTask();
        await AdvanceUntilAsync(turn, TimeSpan.FromSeconds(3));
        (await turn).Dispose();

        Assert.Equal(3, Value("backfill_rate_limit_wait_seconds_total", host));
        Assert.Equal(1, Value("backfill_rate_limit_waits_total", host));
    }

    private double? Value(string name, string? firstLabel = null) => _collector.Collect().Single(family => family.Name == name).Points
        .Where(point => point.Labels[0].Value == (firstLabel ?? _stream.NodeId))
        .Select(point => (double?)point.Value)
        .SingleOrDefault();
}
