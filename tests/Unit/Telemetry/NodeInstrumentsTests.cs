using System.Runtime.CompilerServices;
using Qmtl.Data;
using Qmtl.Recording;
using Qmtl.Streams;
using Qmtl.Telemetry;
using Qmtl.Time;

namespace Qmtl.Unit.Telemetry;

public sealed class NodeInstrumentsTests : IDisposable
{
    private const string Labels = "node_id=\"mean\",interval=\"3600\"";
    private static readonly StreamKey Node = new("mean", BarInterval.FromSeconds(3600));

    private readonly MeasuredMeter _meter = new();

    public void Dispose() => _meter.Dispose();

    [Fact]
    public void Caches_of_a_node_are_measured_in_bytes_and_added_up()
    {
        long[] first = new long[10];
        long[] second = new long[5];
        _meter.Nodes.RegisterCache(Node, first, cache => cache.Length * 8);
        _meter.Nodes.RegisterCache(Node, second, cache => cache.Length * 8);

        Assert.Equal(120, _meter.Value("qmtl_cache_size_bytes", Labels));
        GC.KeepAlive(first);
        GC.KeepAlive(second);
    }

    [Fact]
    public void A_cache_that_nothing_holds_any_more_is_not_kept_alive_and_disappears()
    {
        RegisterAndForget();
        GC.Collect();
        GC.WaitForPendingFinalizers();

        Assert.Empty(_meter.Family("qmtl_cache_size_bytes").Points);
    }

    [Fact]
    public void Replays_are_measured_by_node()
    {
        _meter.Nodes.RecordReplay(Node, TimeSpan.FromSeconds(2));
        _meter.Nodes.RecordReplay(Node, TimeSpan.FromSeconds(3));

        Assert.Equal(5, _meter.Value("qmtl_replay_duration_seconds", Labels));
        Assert.Equal(2, Assert.Single(_meter.Family("qmtl_replay_duration_seconds").Points).Count);
    }

    [Fact]
    public void Replays_of_a_node_disappear_an_hour_after_the_last()
    {
        _meter.Nodes.RecordReplay(Node, TimeSpan.FromSeconds(2));
        _meter.Clock.Advance(QmtlMeter.Retention);
        Assert.NotEmpty(_meter.Family("qmtl_replay_duration_seconds").Points);

        _meter.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Empty(_meter.Family("qmtl_replay_duration_seconds").Points);
    }

    [Fact]
    public void The_processes_meter_takes_them_by_its_own_methods()
    {
        var node = new StreamKey($"node-{Guid.NewGuid():n}", BarInterval.FromSeconds(60));
        object cache = new();
        using var collector = new Qmtl.Metrics.Collection.MetricsCollector();
        using IDisposable recorder = RecorderInstruments.Shared.Register(node.NodeId, () => new RecorderReading(7, 0, 0, 0));
        NodeInstruments.Shared.RegisterCache(node, cache, _ => 42);
        NodeInstruments.Shared.RecordReplay(node, TimeSpan.FromSeconds(1));

        Assert.Equal(
            ["qmtl_cache_size_bytes", "qmtl_recorder_delivered_rows_total", "qmtl_recorder_dropped_rows_total", "qmtl_recorder_queued_rows", "qmtl_recorder_refused_rows_total", "qmtl_recorder_spooled_rows", "qmtl_replay_duration_seconds"],
            collector.Collect().Where(family => family.Points.Any(point => point.Labels.Any(label => label.Value == node.NodeId))).Select(family => family.Name));
        GC.KeepAlive(cache);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void RegisterAndForget() => _meter.Nodes.RegisterCache(Node, new byte[100], cache => cache.Length);
}
